"""The embedded descriptor against proto/udf.proto, and beside other pools."""

import importlib.util
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from kapnb.protocol import _descriptor
from kapnb.protocol._wire import schema

ROOT = Path(__file__).parents[2]
GENERATE = ROOT / "proto" / "generate.py"

needs_protoc = pytest.mark.skipif(
    importlib.util.find_spec("grpc_tools") is None, reason="needs grpcio-tools"
)


@pytest.fixture(scope="module")
def generate():
    """Give proto/generate.py as a namespace, without running it."""
    return runpy.run_path(str(GENERATE))


@needs_protoc
def test_the_embedded_descriptor_is_what_the_proto_file_says(generate):
    """Compared parsed: serialisation may differ between releases, meaning may not."""
    compiled = descriptor_pb2.FileDescriptorProto.FromString(generate["compile_descriptor"]())

    assert descriptor_pb2.FileDescriptorProto.FromString(_descriptor.DESCRIPTOR) == compiled


@needs_protoc
def test_the_committed_module_is_what_make_proto_writes(generate):
    """Nobody edits generated text."""
    written = generate["render"](generate["compile_descriptor"]())

    assert Path(_descriptor.__file__).read_text() == written


def test_the_messages_live_beside_the_official_ones():
    """The default pool may hold another `agent` package from another udf.proto."""
    done = subprocess.run(
        [sys.executable, "-c", BESIDE], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.stdout, done.stderr) == ("0801 041a020801\n", "")


#: In a process of its own, because the default pool forgets nothing.
BESIDE = """
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from kapnb.model import KeepaliveRequest
from kapnb.protocol import ProtobufCodec, _descriptor

file = descriptor_pb2.FileDescriptorProto.FromString(_descriptor.DESCRIPTOR)
for message in file.message_type:
    if message.name == "KeepaliveRequest":
        message.field[0].name = "moment"
pool = descriptor_pool.Default()
pool.AddSerializedFile(file.SerializeToString())
official = message_factory.GetMessageClass(pool.FindMessageTypeByName("agent.KeepaliveRequest"))
print(
    official(moment=1).SerializeToString().hex(),
    ProtobufCodec().encode_request(KeepaliveRequest(1), in_batch=False).hex(),
)
"""


def test_the_contract_knows_the_one_of_members_of_kapacitor():
    """Nothing else exists on the wire."""
    management = {"info": 1, "init": 2, "keepalive": 3, "snapshot": 4, "restore": 5}
    data = {"begin": 16, "point": 17, "end": 18}

    def numbers(message):
        return {field.name: field.number for field in message.DESCRIPTOR.fields}

    assert numbers(schema().Request) == management | data
    assert numbers(schema().Response) == management | data | {"error": 6}

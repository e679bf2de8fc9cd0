"""Write kapnb/protocol/_descriptor.py from proto/udf.proto (`make proto`).

A serialised descriptor, not generated classes: those are tied to a range of protobuf
releases, the descriptor loads on all of them (docs/decisions/0002).
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

HERE = Path(__file__).parent
TARGET = HERE.parent / "kapnb" / "protocol" / "_descriptor.py"


def compile_descriptor() -> bytes:
    """Return udf.proto as a serialised FileDescriptorProto."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "udf.desc")
        code = protoc.main(["protoc", f"-I{HERE}", f"--descriptor_set_out={out}", "udf.proto"])
        if code:
            raise SystemExit(code)
        return FileDescriptorSet.FromString(out.read_bytes()).file[0].SerializeToString()


def render(descriptor: bytes) -> str:
    """Return the module that holds `descriptor`."""
    text = base64.b64encode(descriptor).decode()
    lines = "\n".join(f'    b"{text[at : at + 88]}"' for at in range(0, len(text), 88))
    return (
        '"""Generated from proto/udf.proto by `make proto`; a test compares the two."""\n\n'
        "import base64\n\n"
        '__all__ = ["DESCRIPTOR"]\n\n'
        "#: A serialised google.protobuf.FileDescriptorProto.\n"
        f"DESCRIPTOR = base64.b64decode(\n{lines}\n)\n"
    )


if __name__ == "__main__":
    TARGET.write_text(render(compile_descriptor()))

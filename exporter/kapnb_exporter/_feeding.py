"""The TICKscript that goes with a script: fed as the notebook fed it, judged before it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kapnb.errors import ExportError, TickError
from kapnb.model import InfoResponse
from kapnb.simulation import message_from_text
from kapnb.tick import check_script
from kapnb_exporter._tickscript import RETENTION_POLICY, feed_of, tickscript
from kapnb_exporter.formats import Product

__all__ = ["feeding_script", "info_of"]


def info_of(product: Product) -> InfoResponse:
    """Return what the Handler answers to info.

    Raises
    ------
    ExportError
        KN402 if no simulation says so.
    """
    if not product.recordings:
        raise ExportError(
            f"no simulation of {product.handler} says what its TICKscript should feed it; add "
            f"simulate({product.handler}, …)",
            where=product.notebook,
            code="KN402",
        )
    info = message_from_text(product.recordings[0].info, request=False)
    assert isinstance(info, InfoResponse)
    return info


def feeding_script(
    name: str,
    product: Product,
    *,
    database: str = "",
    explained: Mapping[str, str] | None = None,
    branches: Sequence[str] = (),
    code: str | None = None,
) -> str:
    """Return the TICKscript that feeds a Handler as its best simulation did.

    That is the first that ended well and had output, or else what comes nearest to it.

    Parameters
    ----------
    name : str
        The UDF's name.
    product : Product
        The script and its simulations.
    database : str, optional
        Where the points are if they do not say so themselves.
    explained : mapping of str to str, optional
        What each option is for.
    branches : sequence of str, optional
        What else is done with the results.
    code : str, optional
        The refusal's code.

    Raises
    ------
    ExportError
        KN402 if there is no simulation; with `code` if Kapacitor would refuse the text.
    """
    info = info_of(product)
    best = max(product.recordings, key=lambda one: (one.error is None, one.outputs > 0))
    feed = feed_of(info, best.transcript)
    if database and not feed.database:
        feed = replace(feed, database=database, retention_policy=RETENTION_POLICY)
    try:
        text = tickscript(name, feed, explained=explained or {}, branches=branches)
        judged = check_script(text, {name: info})
        refusal = judged.define or judged.enable
    except TickError as error:
        refusal = error
    if refusal is not None:
        raise ExportError(
            f"Kapacitor would refuse the TICKscript of @{name}: {refusal}; if the name is at "
            "fault, rename the Handler",
            where=product.notebook,
            code=code,
        )
    return f"// Feeds {product.handler} as {product.notebook} did.\n{text}"

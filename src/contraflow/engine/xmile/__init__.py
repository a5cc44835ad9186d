"""A model as XMILE 1.0, the exchange format of system-dynamics tools: every equation and unit, for one draw."""

from contraflow.engine.xmile.exporter import Export, export

__all__ = ["Export", "export"]

"""The same step as the reference simulator's, as C with one trajectory a vector lane, and its adjoint.

``simulate`` and ``simulator`` stand in for those of ``contraflow.engine.simulate``. Where a model uses an operation
that the kernel does not know, or the machine has no C compiler, the reference runs instead, with one line of notice.
"""

from contraflow.engine.native.build import UnavailableError
from contraflow.engine.native.calls import cores, simulate, simulator
from contraflow.engine.native.lowering import UnsupportedError

__all__ = ["UnavailableError", "UnsupportedError", "cores", "simulate", "simulator"]

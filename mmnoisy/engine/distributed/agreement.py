"""What processes agree on while they train."""

from __future__ import annotations

from typing import Any, Optional, Tuple

import torch
from mmengine.dist import get_world_size
from torch import distributed


class Agreement:
    """The largest of the numbers that the processes of a run give, the same on all of them.

    They talk through gloo, while the next step is computed: no step waits for the others or for a
    GPU. Several processes therefore hear at a step what was given at the last one.
    """

    def __init__(self) -> None:
        self._group: Any = None
        if get_world_size() > 1:
            self._group = distributed.new_group(backend='gloo')
        self._asked: Optional[Tuple[torch.Tensor, Any]] = None

    def largest(self, number: int) -> int:
        """Gives a number; all processes have to call.

        Returns:
            The largest of those given now in one process, at the last call in several.
        """
        if self._group is None:
            return number
        heard, given = self.heard(), torch.tensor(number)
        work = distributed.all_reduce(
            given, distributed.ReduceOp.MAX, group=self._group, async_op=True
        )
        self._asked = given, work
        return heard

    def heard(self) -> int:
        """What the last call has given, 0 if there was none."""
        asked, self._asked = self._asked, None
        if asked is None:
            return 0
        asked[1].wait()
        return int(asked[0])

    def wait(self) -> None:
        """Waits until all processes are here."""
        if self._group is not None:
            distributed.barrier(self._group)

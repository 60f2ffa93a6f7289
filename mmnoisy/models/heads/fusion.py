"""How a cleaning network brings noisy labels and image features together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Callable

import torch
from torch import nn
from torch.nn import functional as F

from mmnoisy.errors import InputError

HEADS = 4


class Fusion(nn.Module, ABC):
    """What all of them have in common.

    Args:
        width: of the result.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    @abstractmethod
    def forward(
        self, embedding: nn.Linear, noisy: torch.Tensor, visual: torch.Tensor
    ) -> torch.Tensor:
        """One vector for an image and its labels.

        Args:
            embedding: E, (d, A), without bias.
            noisy: y, (N, A) float in [0, 1].
            visual: v, embedding of the features, (N, d).

        Returns:
            (N, width).
        """


class Concatenation(Fusion):
    """[E y, v], as in Figure 3 of the paper.

    Args:
        embed_dims: d, width of either embedding, as for all others.
    """

    def __init__(self, embed_dims: int) -> None:
        super().__init__(2 * embed_dims)

    def forward(
        self, embedding: nn.Linear, noisy: torch.Tensor, visual: torch.Tensor
    ) -> torch.Tensor:
        """See :meth:`Fusion.forward`."""
        return torch.cat([embedding(noisy), visual], 1)


class Bilinear(Fusion):
    """(E y + b) v, elementwise: a product of labels and features of rank d.

    `Hadamard Product for Low-rank Bilinear Pooling <https://arxiv.org/abs/1610.04325>`_, the form
    with biases. b begins at one, so that an image without labels has its features.
    """

    def __init__(self, embed_dims: int) -> None:
        super().__init__(embed_dims)
        self.bias = nn.Parameter(torch.ones(embed_dims))

    def forward(
        self, embedding: nn.Linear, noisy: torch.Tensor, visual: torch.Tensor
    ) -> torch.Tensor:
        """See :meth:`Fusion.forward`."""
        return (embedding(noisy) + self.bias) * visual


class Gated(Fusion):
    """v + E y sigmoid(G [E y, v]): both decide which dimensions of the labels count."""

    def __init__(self, embed_dims: int) -> None:
        super().__init__(embed_dims)
        self.gate = nn.Linear(2 * embed_dims, embed_dims)

    def forward(
        self, embedding: nn.Linear, noisy: torch.Tensor, visual: torch.Tensor
    ) -> torch.Tensor:
        """See :meth:`Fusion.forward`."""
        labels = embedding(noisy)
        return visual + labels * self.gate(torch.cat([labels, visual], 1)).sigmoid()


class Attention(Fusion):
    """[a, v], where a is what the features find when they look at the labels.

    Each label that is present is a token, its column e_k of E, both key and value; v asks. A token
    counts in proportion to y, and one of zeros stands for no label:

        a = sum_k y_k exp(s_k) e_k / (1 + sum_k y_k exp(s_k)),   s_k = (Q v + q) e_k / sqrt(d/4),

    in each of four heads by itself, which are quarters of the vectors. On a CPU the cost grows with
    the labels present, padded to the most that an image of the batch has. Elsewhere all classes are
    looked at, as the host would have to wait for the device to count those present.

    Raises:
        InputError: the width of the embeddings is no multiple of the number of heads.
    """

    def __init__(self, embed_dims: int) -> None:
        super().__init__(2 * embed_dims)
        if embed_dims % HEADS:
            raise InputError(
                f"model.cleaning_head.embed_dims={embed_dims}: fusion='attention' has {HEADS} "
                f'heads; give a multiple of {HEADS}'
            )
        # E, Q and the next layer stand in for projections of keys and values, which cost far more.
        self.query = nn.Linear(embed_dims, embed_dims)

    def forward(
        self, embedding: nn.Linear, noisy: torch.Tensor, visual: torch.Tensor
    ) -> torch.Tensor:
        """See :meth:`Fusion.forward`."""
        query = self.query(visual)
        if noisy.device.type == 'cpu':
            tokens, log_weight = present_labels(embedding.weight, noisy)
            found = attend(query[:, None], tokens, log_weight[:, None])
        else:
            found = attend(query[None], embedding.weight.t()[None], noisy.log()[None])
        return torch.cat([found.view_as(query), visual], 1)


def attend(query: torch.Tensor, tokens: torch.Tensor, log_weight: torch.Tensor) -> torch.Tensor:
    """What queries find among tokens, keys and values alike, and one of zeros with weight 1.

    Args:
        query: (B, Q, d).
        tokens: (B, L, d).
        log_weight: (B, Q, L), of each token to each query.

    Returns:
        (B, Q, d).
    """
    tokens = F.pad(tokens, (0, 0, 0, 1)).to(query.dtype)
    log_weight = F.pad(log_weight, (0, 1)).to(query.dtype)
    query, tokens = (x.unflatten(-1, (HEADS, -1)).transpose(1, 2) for x in (query, tokens))
    found = F.scaled_dot_product_attention(query, tokens, tokens, log_weight[:, None])
    return found.transpose(1, 2).flatten(2)


def present_labels(weight: torch.Tensor, noisy: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The embeddings of the labels that each image has.

    Args:
        weight: E, (d, A).
        noisy: y, (N, A) float in [0, 1].

    Returns:
        (N, L, d), ascending classes, zeros after the last one, L the most labels of an image, and
        log y, (N, L), minus infinity there.
    """
    image, class_id = noisy.nonzero(as_tuple=True)
    count = image.bincount(minlength=len(noisy))
    rank = torch.arange(len(image), device=image.device) - (count.cumsum(0) - count)[image]
    shape = (len(noisy), int(rank.max()) + 1 if len(rank) else 0)
    tokens = weight.new_zeros(*shape, len(weight))
    log_weight = noisy.new_full(shape, -torch.inf)
    return (
        tokens.index_put((image, rank), F.embedding(class_id, weight.t())),
        log_weight.index_put((image, rank), noisy[image, class_id].log()),
    )


FUSIONS: dict[str, Callable[[int], Fusion]] = {
    'concat': Concatenation,
    'bilinear': Bilinear,
    'gated': Gated,
    'attention': Attention,
}


def build_fusion(name: str, embed_dims: int) -> Fusion:
    """A fusion by its name.

    Raises:
        InputError: there is none of that name, or it cannot have this width.
    """
    if name not in FUSIONS:
        raise InputError(f'model.cleaning_head.fusion={name!r}: give one of {[*FUSIONS]}')
    return FUSIONS[name](embed_dims)

"""The systems: their order, names, colours and the paper's figures."""

from __future__ import annotations

import math
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple


class Method(NamedTuple):
    """How a system is shown."""

    key: str
    name: str
    colour: str
    marker: str
    line: str
    paper: Optional[Tuple[float, float]]
    """AP_all and MAP in the paper's Table 2."""
    width: float = 1.3
    """Of its lines in figures."""

    def published(self, score: str) -> float:
        """The paper's figure for a score, in percent; NaN where it has none."""
        return dict(zip(PUBLISHED, self.paper or ())).get(score, math.nan)


BASELINE = 'baseline'
PUBLISHED = ('AP_all', 'MAP')
"""The scores of the paper's Table 2."""
SHOWN_IN_EXAMPLES = (BASELINE, 'finetune_clean', 'joint')
"""As in the paper's Figure 7."""
ALWAYS_DRAWN = (BASELINE, 'finetune_clean', 'joint')
"""What others are compared with in every figure."""
BOLD = 2.4
"""Width of the lines of the recommended system."""
MOST_DRAWN = 9
"""Systems in a figure; as many lines can be told apart."""
WITHOUT_VERDICTS = (BASELINE, 'baseline_soft', 'misra_visual', 'misra_relevance')

# Colours of Okabe and Ito and of Tol, told apart by colour-blind readers; the yellow is left out
# because it is faint on white. Markers say the same without colour.
_KNOWN = [
    Method('baseline', 'Baseline', '#707070', 'o', '-', (83.82, 61.82)),
    Method('misra_visual', 'Misra et al., visual', '#CC79A7', 'v', '-', (83.55, 61.85)),
    Method('misra_relevance', 'Misra et al., relevance', '#882255', '^', '-', (83.79, 61.89)),
    Method('finetune_mixed', 'Fine-tuned, mixed', '#56B4E9', 's', '-', (84.80, 61.90)),
    Method('finetune_clean', 'Fine-tuned, clean', '#0072B2', 'D', '-', (85.88, 61.53)),
    Method('joint_pretrained', 'Joint, pre-trained', '#E69F00', 'P', '-', (87.68, 62.36)),
    Method('joint', 'Joint', '#D55E00', 'o', '-', (87.67, 62.38)),
    Method('asl', 'Asymmetric loss', '#332288', 'h', '-', None),
    Method('selective', 'Selective loss', '#999933', 'p', '-', None),
    Method('large_loss_rejection', 'Large-loss rejection', '#44AA99', '<', '-', None),
    Method('large_loss_correction', 'Large-loss correction', '#117733', '>', '-', None),
    Method('splc', 'SPLC', '#AA4499', 'd', '-', None),
    Method('mlc', 'Meta label correction', '#661100', '8', '-', None),
    Method('cleanlab_filter', 'Filtered by cleanlab', '#6699CC', 'H', '-', None),
    Method('baseline_soft', 'Baseline, confidences', '#BBBBBB', '1', '-', None),
    Method('joint_soft', 'Joint, confidences', '#EE7733', '2', '-', None),
    Method('finetune_listed', 'Fine-tuned, absences light', '#004488', 'X', '-', None),
    Method('joint_listed', 'Joint, absences light', '#DDAA33', 'x', '-', None),
    Method('best', 'Logit cleaning', '#BB5566', '*', '-', None),
    Method('auto', 'Chosen on V', '#000080', 'D', '-.', None),
    Method('bound_verdicts_best', 'Bound: verdicts, absences light', '#66CCEE', 'p', '--', None),
    Method('bound_verdicts', 'Bound: verdicts on T', '#009E73', 'X', '--', None),
    Method('bound_truth', 'Bound: truth of T', '#004D40', '*', '--', None),
]
_FURTHER = ['#000000', '#AA3377', '#997700', '#225522', '#6699AA', '#994455']
_MARKERS = 'hp<>d8'


def methods_of(keys: Iterable[str]) -> Dict[str, Method]:
    """How the systems of a comparison are shown, by their keys.

    Known ones come first and in the order of Table 2, each in a colour of its own; the others
    follow as given, under their own names, and before the bounds.

    Args:
        keys: of the systems, possibly several times.
    """
    given = list(dict.fromkeys(keys))
    known = {method.key: method for method in _KNOWN if method.key in given}
    others: List[Method] = []
    for place, key in enumerate(key for key in given if key not in known):
        colour, marker = _FURTHER[place % len(_FURTHER)], _MARKERS[place % len(_MARKERS)]
        others.append(Method(key, key, colour, marker, '-', None))
    first = [method for method in known.values() if not is_bound(method)]
    last = [method for method in known.values() if is_bound(method)]
    return {method.key: method for method in (*first, *others, *last)}


def drawn(
    methods: Mapping[str, Method], score: Mapping[str, float], recommended: str = ''
) -> Dict[str, Method]:
    """The systems to draw: all, or where these are too many, the best.

    Of more than :data:`MOST_DRAWN`, those of :data:`ALWAYS_DRAWN`, the recommended one and the
    bounds, and of the others as many as there is room for, those of highest score.

    Args:
        methods: of the comparison.
        score: by method; those without one come last.
        recommended: the key of one, whose lines are bold.
    """
    always = {*ALWAYS_DRAWN, recommended}
    fixed = [key for key in methods if key in always or is_bound(methods[key])]
    others = sorted({*methods} - {*fixed}, key=lambda key: -score.get(key, -math.inf))
    chosen = {*fixed, *others[: max(0, MOST_DRAWN - len(fixed))]}
    few = len(methods) <= MOST_DRAWN
    return {
        key: method._replace(width=BOLD) if key == recommended else method
        for key, method in methods.items()
        if few or key in chosen
    }


def is_bound(method: Method) -> bool:
    """Whether a system is given what nobody has in real life."""
    return method.key.startswith('bound_')

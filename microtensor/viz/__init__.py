"""How does it look? Pictures of computation graphs and of networks.

``draw`` gives a Drawing of a Value's graph, with its gradients, or of a model's network.
``snapshot`` gives the same graph as plain data, which every picture here is made of. ``explain``
tells it, ``stages`` goes through it, ``paths``, ``nudge`` and ``what_if`` ask about one value;
``unroll`` gives the graph of the numbers behind arrays.
"""

from .capture import snapshot
from .changing import Diff, what_if
from .drawing import Drawing
from .explanations import Explanation, explain
from .graphs import draw
from .nudging import CheckTable, nudge
from .pathways import PathTable, paths
from .snapshots import Edge, Group, Node, Snapshot
from .staging import Stage, stages
from .unrolling import unroll

__all__ = [
    "CheckTable",
    "Diff",
    "Drawing",
    "Edge",
    "Explanation",
    "Group",
    "Node",
    "PathTable",
    "Snapshot",
    "Stage",
    "draw",
    "explain",
    "nudge",
    "paths",
    "snapshot",
    "stages",
    "unroll",
    "what_if",
]

"""How does it look? Pictures of computation graphs and of networks.

``draw`` gives a Drawing of a Value's graph, with its gradients, or of a model's network.
``snapshot`` gives the same graph as plain data, which every picture here is made of.
"""

from .capture import snapshot
from .drawing import Drawing
from .graphs import draw
from .snapshots import Edge, Group, Node, Snapshot

__all__ = ["Drawing", "Edge", "Group", "Node", "Snapshot", "draw", "snapshot"]

"""How does it look? Pictures of computation graphs and of networks.

``draw`` gives a Drawing of a Value's graph, with its gradients, or of a model's network, and
``animate`` an SVG that plays both passes. ``snapshot`` gives the same graph as plain data, which
every picture here is made of. ``explain`` tells it, ``stages`` goes through it, ``paths``,
``nudge`` and ``what_if`` ask about one value; ``unroll`` gives the graph of the numbers behind
arrays. ``explore`` makes a page to open, step through, edit and search a graph, and ``quiz`` the
same page with its gradients blank. ``summary`` tabulates a model's modules, ``health`` says what is
not well in a model or a graph, and ``watch`` looks on while a model learns. ``sketch`` draws
functions of one number with their derivatives. ``source_lines`` remembers the lines of a program,
by which graphs without modules are put together. ``history``, ``plot``, ``decision_boundary``,
``heatmap`` and ``surface`` are figures, and need matplotlib.
"""

from ..lines import source_lines
from .animation import animate
from .capture import snapshot
from .changing import Diff, what_if
from .curves import history
from .diagnosis import Finding, HealthReport, health
from .drawing import Drawing
from .explanations import Explanation, explain
from .exploring import Explorer, explore, quiz
from .graphs import draw
from .landscapes import descend, surface
from .maps import heatmap
from .nudging import CheckTable, nudge
from .pathways import PathTable, paths
from .plots import plot
from .regions import decision_boundary
from .sketching import Sketch, sketch
from .snapshots import Edge, Group, Node, Snapshot
from .staging import Stage, stages
from .summaries import Summary, summary
from .unrolling import unroll
from .watching import Recorder, watch

__all__ = [
    "CheckTable",
    "Diff",
    "Drawing",
    "Edge",
    "Explanation",
    "Explorer",
    "Finding",
    "Group",
    "HealthReport",
    "Node",
    "PathTable",
    "Recorder",
    "Sketch",
    "Snapshot",
    "Stage",
    "Summary",
    "animate",
    "decision_boundary",
    "descend",
    "draw",
    "explain",
    "explore",
    "health",
    "heatmap",
    "history",
    "nudge",
    "paths",
    "plot",
    "quiz",
    "sketch",
    "snapshot",
    "source_lines",
    "stages",
    "summary",
    "surface",
    "unroll",
    "watch",
    "what_if",
]

"""What should be learned? A grader for anyone's engine, and exercises on the way to one.

``check`` grades a class like micrograd's by named behaviours, and explains each failure with the
smallest example that shows it. ``exercises`` gives small tasks in the order of learning, each with
a check of its own, a hint, and a solution that is shown only when it is asked for.
"""

from .exercising import Exercise, Verdict
from .grading import check
from .practice import exercises
from .reports import Report, Result

__all__ = ["Exercise", "Report", "Result", "Verdict", "check", "exercises"]

"""What should be learned? A grader for anyone's engine.

``check`` grades a class like micrograd's by named behaviours, and explains each failure with the
smallest example that shows it.
"""

from .grading import check
from .reports import Report, Result

__all__ = ["Report", "Result", "check"]

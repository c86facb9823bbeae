"""What should be learned? A grader for anyone's engine, exercises on the way to one, and quizzes.

``check`` grades a class like micrograd's by named behaviours, and explains each failure with the
smallest example that shows it. ``exercises`` gives small tasks in the order of learning, each with
a check of its own, a hint, and a solution that is shown only when it is asked for. ``quizzes``
gives graphs whose gradients are to be found, as pages for a class.
"""

from .asking import Quiz
from .exercising import Exercise, Verdict
from .grading import check
from .practice import exercises
from .questions import quizzes
from .reports import Report, Result

__all__ = ["Exercise", "Quiz", "Report", "Result", "Verdict", "check", "exercises", "quizzes"]

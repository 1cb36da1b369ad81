"""What is judged, and the one way by which the checks reach it."""

from conformance.targets.load import DEFAULT, load
from conformance.targets.target import FEATURES, SHARED, Target, Unusable, absent, check_features

__all__ = ["DEFAULT", "FEATURES", "SHARED", "Target", "Unusable", "absent", "check_features", "load"]

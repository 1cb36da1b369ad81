"""What is judged, and the one way by which the checks reach it."""

from conformance.targets.features import FEATURES
from conformance.targets.load import DEFAULT, Unusable, load
from conformance.targets.target import Target

__all__ = ["DEFAULT", "FEATURES", "Target", "Unusable", "load"]

"""From a difference between target and model to the rule that it breaks."""

from conformance.programs.attribution.context import Context, Standing, standing
from conformance.programs.attribution.differences import ENDS, Difference, attribute
from conformance.programs.attribution.results import of_result

__all__ = ["ENDS", "Context", "Difference", "Standing", "attribute", "of_result", "standing"]

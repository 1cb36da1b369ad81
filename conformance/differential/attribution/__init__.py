"""From a difference between target and model to the rule that it breaks."""

from conformance.differential.attribution.context import Context, Standing, standing
from conformance.differential.attribution.differences import ENDS, Difference, attribute
from conformance.differential.attribution.results import of_result

__all__ = ["ENDS", "Context", "Difference", "Standing", "attribute", "of_result", "standing"]

"""The bank of wrong models: copies of the model that differ from it in one place."""

from conformance.selftest.model_mutants.broker import BROKER
from conformance.selftest.model_mutants.consumer import POPPING
from conformance.selftest.model_mutants.flatbuffers import FLATBUFFERS
from conformance.selftest.model_mutants.handles import LIFECYCLE, STATISTICS
from conformance.selftest.model_mutants.producer import PUSHING, RESERVING
from conformance.selftest.model_mutants.values import VALUES

MODEL_MUTANTS = (*VALUES, *BROKER, *PUSHING, *RESERVING, *POPPING, *LIFECYCLE, *STATISTICS, *FLATBUFFERS)
"""Each broken in the rules that it is tagged with."""

"""What holds for all tests: a busy machine is no failure of a property-based test."""

from hypothesis import HealthCheck, settings

settings.register_profile("aprt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aprt")

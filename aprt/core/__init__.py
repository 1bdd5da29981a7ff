"""The pure core: actors, effects, systems, schedules, events, properties. No trio, clock, random or I/O."""

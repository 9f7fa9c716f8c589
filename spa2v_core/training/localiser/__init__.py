"""The learned localiser: how many sounds, where each is over time, and how sure.

    python -m spa2v_core.training.localiser sounds train export

It learns from scenes that are simulated on the GPU while it trains (`scenes.py` draws them,
`acoustics.py` renders them); `spa2v_core/audio/localiser.py` runs what is exported.
"""

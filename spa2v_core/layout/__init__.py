"""The video scene layout: schema, pure edits, interpolation, motion category, files."""

from .category import Category, motion_category
from .schema import Box, Keyframe, ObjectTrack, SceneNote, VideoSceneLayout

__all__ = [
    "Box",
    "Category",
    "Keyframe",
    "ObjectTrack",
    "SceneNote",
    "VideoSceneLayout",
    "motion_category",
]

"""The video scene layout: what sounds, where and when. Everything meets in this value."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from ..errors import LayoutError
from .picture import SIZE_WH, shape_of

Easing = Literal["linear", "ease", "ease-in", "ease-out", "hold"]
Facing = Literal["auto", "left", "right"]
#: Degrees that an object is turned from facing the camera: 90 is to the right, -90 to the left.
Heading = Literal["auto"] | Annotated[float, Field(ge=-180, le=180)]

#: What is written; version 1, which has no scene, is read as well.
VERSION: Literal[2] = 2
MAX_FRAMES = 512
MAX_OBJECTS = 200
#: Boxes may reach outside the frame, but not further than this many frames.
REACH = 4.0
#: Largest id: what JavaScript holds exactly.
MAX_ID = 2**53 - 1
#: Letters of a field's name that an error quotes.
QUOTED = 60
SMALLEST = 1e-4
#: Boxes are kept to this many decimals, so that a file gives back the same value.
DECIMALS = 5


class Box(NamedTuple):
    """xyxy, normalised to the frame, x2 > x1 and y2 > y1; may reach outside 0..1."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    @classmethod
    def from_centre(cls, x: float, y: float, width: float, height: float) -> Box:
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def parse_box(value: Any) -> Box:
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        raise ValueError("a box is four numbers [x1, y1, x2, y2]")
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value):
        raise ValueError("a box is four numbers [x1, y1, x2, y2]")
    if not all(abs(v) < 1e9 for v in value):  # NaN and integers beyond any float are not
        raise ValueError("the numbers of a box must be finite, and in frame widths (0 to 1)")
    box = Box(*(round(float(v), DECIMALS) for v in value))
    if box.width < SMALLEST or box.height < SMALLEST:
        raise ValueError("x2 must be greater than x1 and y2 greater than y1")
    if min(box) < -REACH or max(box) > 1 + REACH:
        raise ValueError(
            f"a box is in frame widths (0 to 1), at most {REACH:g} outside: "
            "divide pixels by the frame's size and percent by 100"
        )
    return box


BoxField = Annotated[
    Box,
    PlainValidator(parse_box),
    PlainSerializer(list, return_type=list),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}),
]
Text = Annotated[str, Field(max_length=20_000)]
FrameIndex = Annotated[int, Field(ge=0, lt=MAX_FRAMES, strict=True)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Keyframe(_Value):
    """A box at a frame; `easing` governs the segment after it. `heading` is which way the object is
    turned there: 0 towards the camera, 90 to the right; "auto" is from its motion."""

    frame: FrameIndex
    box: BoxField
    easing: Easing = "linear"
    heading: Heading = "auto"


class ObjectTrack(_Value):
    """One sounding object over time.

    Attributes
    ----------
    id
        unique within the layout.
    name
        what it is ("car").
    appearance
        how it looks ("red").
    start, end
        presence span, inclusive layout frames.
    facing
        which way it looks; "auto" is from its motion.
    confidence
        0..1, how far the plan can be trusted.
    locked
        planning again keeps it.
    reference
        file name of a picture of it ("my_car.png"), among those that a backend is given; "" for one
        that is named after it.
    keyframes
        sparse boxes, frames strictly increasing.
    """

    id: Annotated[int, Field(ge=0, le=MAX_ID, strict=True)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    appearance: Annotated[str, Field(max_length=500)] = ""
    start: FrameIndex
    end: FrameIndex
    facing: Facing = "auto"
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    locked: bool = False
    reference: Annotated[str, Field(max_length=200)] = ""
    keyframes: Annotated[tuple[Keyframe, ...], Field(min_length=1, max_length=MAX_FRAMES)]

    @model_validator(mode="after")
    def _ordered(self) -> ObjectTrack:
        if self.start > self.end:
            raise ValueError(f"start ({self.start}) is after end ({self.end})")
        frames = [keyframe.frame for keyframe in self.keyframes]
        if any(b <= a for a, b in zip(frames, frames[1:], strict=False)):
            raise ValueError(f"keyframes must be at increasing frames, not {frames[:20]}")
        return self

    @property
    def phrase(self) -> str:
        """How a prompt names it: "red car"."""
        return f"{self.appearance} {self.name}".strip()

    def present(self, frame: float) -> bool:
        """Whether it is there at a (fractional) layout frame."""
        return self.start - 0.5 <= frame <= self.end + 0.5


class SceneNote(_Value):
    """What is heard of the place and the weather: in a word, with the evidence and its
    probability."""

    words: Annotated[str, Field(min_length=1, max_length=200)]
    evidence: Annotated[str, Field(max_length=500)] = ""
    p: Annotated[float, Field(ge=0, le=1)] = 1.0


class VideoSceneLayout(_Value):
    """Object tracks with captions; list order is z-order, the last is in front.

    Attributes
    ----------
    frame_count
        layout frames; frame k stands for (k + 0.5) / frame_count * duration_s.
    duration_s
        of the clip, seconds.
    width, height
        the aspect.
    reasoning
        why it was planned so.
    caption
        of the video.
    frame_captions
        0 or frame_count of them.
    scene
        what is heard of the place and the weather.
    """

    version: Literal[1, 2] = VERSION
    frame_count: Annotated[int, Field(ge=2, le=MAX_FRAMES, strict=True)] = 16
    duration_s: Annotated[float, Field(gt=0, le=3600)]
    width: Annotated[int, Field(ge=16, le=8192, strict=True)] = SIZE_WH[0]
    height: Annotated[int, Field(ge=16, le=8192, strict=True)] = SIZE_WH[1]
    reasoning: Text = ""
    caption: Text = ""
    frame_captions: Annotated[tuple[Text, ...], Field(max_length=MAX_FRAMES)] = ()
    scene: Annotated[tuple[SceneNote, ...], Field(max_length=20)] = ()
    objects: Annotated[tuple[ObjectTrack, ...], Field(max_length=MAX_OBJECTS)] = ()

    def __init__(self, /, **data: Any) -> None:
        """Raises LayoutError, its message starting with the path of the field."""
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise LayoutError(explain(error)) from error

    @model_validator(mode="after")
    def _consistent(self) -> VideoSceneLayout:
        if len(self.frame_captions) not in (0, self.frame_count):
            raise ValueError(
                f"frame_captions: 0 or {self.frame_count} entries, not {len(self.frame_captions)}"
            )
        ids = [track.id for track in self.objects]
        if len(set(ids)) != len(ids):
            raise ValueError("objects: two tracks have the same id")
        for index, track in enumerate(self.objects):
            last = max(track.end, track.keyframes[-1].frame)
            if last >= self.frame_count:
                raise ValueError(
                    f"objects[{index}]: frame {last} is past the last frame {self.frame_count - 1}"
                )
        return self

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the picture, in pixels."""
        return self.width, self.height

    @property
    def aspect(self) -> float:
        """Of the picture, width / height."""
        return self.width / self.height

    @property
    def shape(self) -> str:
        """Of the picture, the nearest key of `picture.SHAPES`."""
        return shape_of(self.size_wh)

    def track(self, track_id: int) -> ObjectTrack:
        """The track with this id; LayoutError if there is none."""
        for track in self.objects:
            if track.id == track_id:
                return track
        raise LayoutError(f"there is no object with id {track_id}")


def explain(error: ValidationError) -> str:
    """The first problem as "path.to[3].field: what is wrong" (with how many more)."""
    problems = error.errors(include_url=False)
    first = problems[0]
    path = ""
    for part in first["loc"]:
        name = str(part)[:QUOTED]
        path += f"[{part}]" if isinstance(part, int) else f".{name}" if path else name
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "unknown field"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{path}: {message}{more}" if path else f"{message}{more}"

// The sound: plays it with the playhead locked to it, and reads its waveform.

/**
 * Plays the recording. `ontime(seconds)` at every animation frame while it plays, `onstate()` when
 * it starts, stops or changes.
 */
export function createPlayer({ ontime, onstate }) {
  const audio = new Audio();
  audio.preload = "auto";
  let span = null; // [from, to] seconds that are repeated
  let request = 0;

  function tick() {
    if (span && (audio.currentTime >= span[1] || audio.ended)) {
      audio.currentTime = span[0];
      if (audio.paused) audio.play();
    }
    ontime(audio.currentTime);
    request = requestAnimationFrame(tick);
  }
  audio.addEventListener("play", () => {
    cancelAnimationFrame(request);
    request = requestAnimationFrame(tick);
    onstate();
  });
  for (const type of ["pause", "emptied"]) {
    audio.addEventListener(type, () => {
      cancelAnimationFrame(request);
      onstate();
    });
  }

  return {
    get playing() {
      return !audio.paused;
    },
    get ready() {
      return Boolean(audio.src);
    },
    get seconds() {
      return audio.currentTime;
    },
    get rate() {
      return audio.playbackRate;
    },
    mute(on) {
      audio.muted = on;
    },
    stop() {
      audio.pause();
    },
    /** From the beginning; once the sound is there, if it is still on its way. */
    restart() {
      const start = () => {
        audio.currentTime = 0;
        audio.play().catch(() => onstate());
      };
      if (audio.readyState > 0) return start();
      return audio.addEventListener("loadedmetadata", start, { once: true });
    },
    load(url) {
      audio.pause();
      if (url) audio.src = url;
      else audio.removeAttribute("src");
      onstate();
    },
    toggle() {
      if (!audio.src) return;
      if (!audio.paused) return void audio.pause();
      if (span && (audio.currentTime < span[0] || audio.currentTime >= span[1])) audio.currentTime = span[0];
      audio.play().catch(() => onstate());
    },
    seek(seconds) {
      if (audio.src && audio.paused) audio.currentTime = seconds;
      else if (audio.src && Math.abs(audio.currentTime - seconds) > 0.25) audio.currentTime = seconds;
    },
    setRate(rate) {
      audio.playbackRate = rate;
    },
    setLoop(next) {
      span = next;
    },
  };
}

/** Columns of a waveform: per channel [[low, high], ...]; null if the sound can't be decoded. */
export async function readPeaks(url, columns = 600) {
  try {
    const data = await (await fetch(url)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(data);
    const step = sound.length / columns;
    return Array.from({ length: sound.numberOfChannels }, (_, channel) => {
      const samples = sound.getChannelData(channel);
      return Array.from({ length: columns }, (_, k) => {
        let [low, high] = [0, 0];
        for (let i = Math.floor(k * step); i < Math.floor((k + 1) * step); i += 1) {
          if (samples[i] < low) low = samples[i];
          else if (samples[i] > high) high = samples[i];
        }
        return [low, high];
      });
    });
  } catch {
    return null; // no sound to show; the layout can be edited all the same
  }
}

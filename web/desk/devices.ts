// Microphones and speakers: which there are, and the one that listens all day. The microphone stays open between calls, so
// that an answer is heard at once and the meter shows that it works.

export interface Device { id: string; name: string }
export interface Devices { microphones: Device[]; speakers: Device[] }

export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;
/** Browsers have no microphone for pages that anybody on the way could change. */
export const isSecure = window.isSecureContext && navigator.mediaDevices !== undefined;

/** Names are empty until the microphone was allowed. */
export async function list(): Promise<Devices> {
  if (!isSecure) return { microphones: [], speakers: [] };
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind): Device[] =>
    all.filter((device) => device.kind === kind && device.deviceId !== '' && device.deviceId !== 'default')
      .map(({ deviceId, label }) => ({ id: deviceId, name: label }));
  return { microphones: of('audioinput'), speakers: of('audiooutput') };
}

/** The chosen microphone, or the system's when it is not plugged in. */
export function open(id: string): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: {
      echoCancellation: true, noiseSuppression: true, autoGainControl: true,
      ...(id === '' ? {} : { deviceId: { ideal: id } }),
    },
  });
}

/** Returns what ends it. */
export function onChange(then: () => void): () => void {
  if (!isSecure) return () => {};
  navigator.mediaDevices.addEventListener('devicechange', then);
  return () => navigator.mediaDevices.removeEventListener('devicechange', then);
}

/** Whether the browser would hand out the microphone without a question. */
export async function isAllowed(): Promise<boolean> {
  try {
    const { state } = await navigator.permissions.query({ name: 'microphone' as PermissionName });
    return state === 'granted';
  } catch {
    return false; // a browser that does not tell
  }
}

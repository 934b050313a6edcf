// Everything that sounds: the microphone, the caller's voice, the ring, and the speaker that they come out of.
import * as devices from './devices';
import type { Kept } from './kept';
import { Meter } from './meter';
import { Ring } from './ring';
import type { Microphone } from './state';

export class Sound {
  readonly #context = new AudioContext();
  readonly ring = new Ring(this.#context);
  readonly meter = new Meter(this.#context);
  readonly #voice = new Audio();
  stream: MediaStream | null = null;

  constructor() {
    this.#voice.autoplay = true;
  }

  /** Opens the microphone; says how that went. `lost` when it is unplugged later. */
  async open(kept: Kept, lost: () => void): Promise<Microphone> {
    try {
      const stream = await devices.open(kept.microphone);
      this.close();
      this.stream = stream;
      stream.getAudioTracks()[0]?.addEventListener('ended', lost);
      void this.#context.resume();
      this.meter.listen(stream);
      return 'on';
    } catch (error) {
      return error instanceof DOMException && error.name === 'NotFoundError' ? 'missing' : 'refused';
    }
  }

  close(): void {
    this.meter.listen(null);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  hear(stream: MediaStream): void {
    this.#voice.srcObject = stream;
    void this.#voice.play().catch(() => {}); // a page with an open microphone may play
  }

  silence(): void {
    this.#voice.srcObject = null;
  }

  /** False: this speaker cannot be used. */
  async speakOn(id: string): Promise<boolean> {
    try {
      if (devices.canChooseSpeaker) await this.#voice.setSinkId(id);
      const context = this.#context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
      await context.setSinkId?.(id);
      return true;
    } catch {
      return false;
    }
  }
}

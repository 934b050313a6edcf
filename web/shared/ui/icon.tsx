// Line drawings on a grid of 24, in the colour of the text beside them.
const PATHS = {
  answer: 'M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2',
  hangUp: 'M3 14.5c0-5 18-5 18 0v2a1 1 0 0 1-1.2 1l-3.6-.7a1 1 0 0 1-.8-1V13.500a14 14 0 0 0-6.800 0v2.300a1 1 0 0 1-.8 1l-3.600.7a1 1 0 0 1-1.200-1z',
  mic: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3M5 11a7 7 0 0 0 14 0M12 18v3',
  micOff: 'M9 9v2a3 3 0 0 0 4.500 2.600M15 10V6a3 3 0 0 0-5.900-.7M5 11a7 7 0 0 0 11.500 5.300M19 11a7 7 0 0 1-.6 2.800M12 18v3M3 3l18 18',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l11 7-11 7z',
  keypad: 'M5 5h.01M12 5h.01M19 5h.01M5 12h.01M12 12h.01M19 12h.01M5 19h.01M12 19h.01M19 19h.01',
  speaker: 'M4 10v4h4l5 4V6l-5 4zM16.500 9a4.500 4.500 0 0 1 0 6M19 6.500a8 8 0 0 1 0 11',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  headset: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14a2 2 0 0 1 2-2h1v7H6a2 2 0 0 1-2-2zM20 14a2 2 0 0 0-2-2h-1v7h1a2 2 0 0 0 2-2zM19 19c0 1.500-2 2.500-5 2.500',
  cup: 'M5 8h11v6a5 5 0 0 1-5 5h-1a5 5 0 0 1-5-5zM16 9h1.500a2.500 2.500 0 0 1 0 5H16M8 2.500v2M12 2.500v2',
  chart: 'M4 20h16M7 16v-5M12 16V5M17 16v-8',
  ticket: 'M4 7h16v4a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM14 7v11',
  gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100M16.300 16.300l2.100 2.100M5.600 18.400l2.100-2.100M16.300 7.700l2.100-2.100',
  transfer: 'M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4',
  call: 'M5 4h4l2 5-2.500 1.500a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2M15 4h5v5M20 4l-6 6',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 20.500a2 2 0 0 0 4 0',
  horn: 'M4 10v4h3l9 5V5l-9 5zM19 9.500v5',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  reload: 'M20 11a8 8 0 1 0-2.300 6.300M20 5v6h-6',
  wall: 'M3 5h18v12H3zM9 21h6M12 17v4',
  dots: 'M6 12h.01M12 12h.01M18 12h.01',
  up: 'M12 19V6M6 11l6-6 6 6',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  const weight = name === 'keypad' || name === 'dots' ? 3.2 : 1.8;
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width={weight}
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

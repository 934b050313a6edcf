import { ladder, type Message } from '../story';
import { useWords } from '../words';

const LANE = 156;
const ROW = 26;
const HEAD = 26;
const TIME = 30;

/** Who said what to whom, from top to bottom, as SIP's own documents draw it (RFC 3665). */
export function LadderView({ messages }: { messages: Message[] }) {
  const words = useWords();
  const { lanes, rungs } = ladder(messages);
  const x = (lane: number): number => TIME + LANE / 2 + lane * LANE;
  const [width, height] = [TIME + lanes.length * LANE, HEAD + rungs.length * ROW + 12];
  return (
    <section class="card section" aria-labelledby="ladder-title">
      <h2 id="ladder-title">{words.ladder}</h2>
      <p class="muted"><small>{words.ladderWhy}</small></p>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="ladder-title">
        <svg class="ladder" width={width} height={height} role="img" aria-labelledby="ladder-title">
          {lanes.map((lane, at) => (
            <g key={lane}>
              <text class="lane" x={x(at)} y={15} text-anchor="middle">{words.lane(lane)}</text>
              <line class="rail" x1={x(at)} x2={x(at)} y1={HEAD - 4} y2={height} />
            </g>
          ))}
          {rungs.map((rung, at) => {
            const y = HEAD + at * ROW + 18;
            const [from, to] = [x(rung.from), x(rung.to)];
            const point = to > from ? -7 : 7;
            return (
              <g key={at} class={rung.request ? 'request' : 'response'}>
                <text class="time" x={0} y={y + 4}>{words.seconds(rung.afterMs / 1000)}</text>
                <path d={`M${from} ${y}H${to}m${point} -4l${-point} 4l${point} 4`} />
                <text x={(from + to) / 2} y={y - 5} text-anchor="middle">{rung.text}</text>
              </g>
            );
          })}
        </svg>
      </div>
    </section>
  );
}

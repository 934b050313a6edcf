import type { ComponentChildren } from 'preact';

export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  number?: boolean;
  /** Its words are for those who do not see the buttons below. */
  unseen?: boolean;
  wide?: boolean;
}

/** A table whose first column names the row. `label` is the id of its heading. */
export function Table<T>({ label, columns, rows, id }: { label: string; columns: Column<T>[]; rows: T[]; id: (row: T) => string | number }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-labelledby={label}>
      <table>
        <thead><tr>{columns.map((column) => <th scope="col" key={column.name} class={column.number ? 'number' : ''}>{column.unseen ? <span class="unseen">{column.name}</span> : column.name}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)}>
              {columns.map((column, at) => (at === 0
                ? <th scope="row" key={column.name} class={column.number ? 'number' : ''}>{column.cell(row)}</th>
                : <td key={column.name} class={column.number ? 'number' : column.wide ? 'wide-text' : ''}>{column.cell(row)}</td>))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

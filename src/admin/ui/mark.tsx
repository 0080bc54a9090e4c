/** A bell that rings by itself: two arcs and a dot. */
export function Mark({ colour = 'currentColor' }: { readonly colour?: string }) {
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox="0 0 24 24"
      fill="none"
      stroke={colour}
      stroke-width="2.2"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d="M5 15a7 7 0 0 1 14 0" />
      <path d="M2.5 11.5A10.5 10.5 0 0 1 8 4.6" />
      <path d="M21.5 11.5A10.5 10.5 0 0 0 16 4.6" />
      <circle cx="12" cy="19" r="1.9" fill={colour} stroke="none" />
      <path d="M4 15h16" />
    </svg>
  )
}

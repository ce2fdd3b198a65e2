/** Work for a thread. */
export function run(input: { readonly text: string; readonly fails?: boolean }): string {
  if (input.fails) throw new Error(`cannot work on ${input.text}`)
  return input.text.toUpperCase()
}

// What `serve --handlers` is given in the test of the command line.
export const handlers = {
  fine: { run: (): string => 'done', retainMs: 600_000 },
  broken: {
    maxAttempts: 1,
    run: (): void => {
      throw new Error('on purpose')
    },
  },
}

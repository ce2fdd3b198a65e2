/** The environment variable with the token of a server; secrets are no arguments. */
export const TOKEN_VARIABLE = 'ASHLAR_SCHEDULER_TOKEN'

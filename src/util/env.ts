/** The only place that reads the process environment. */
export type Environment = Readonly<Record<string, string | undefined>>

export const processEnvironment: Environment = process.env

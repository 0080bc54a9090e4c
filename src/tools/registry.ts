import { createHttpToolClient } from './http.js'

/** Every kind of tool, by the name that the composition root asks for. */
export const toolClients = { http: createHttpToolClient } as const

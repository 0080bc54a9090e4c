import type { Mutation } from '../mutated-dist.js'
import type { Point } from './lane.js'

export interface Control {
  readonly name: string
  /** Where it is to be found out. */
  readonly points: readonly Point[]
  readonly twice?: number
  readonly mutations: readonly Mutation[]
}

/** A promise taken out of a copy of the build; a campaign that does not find that is worth nothing. */
export const controls: readonly Control[] = [
  {
    name: 'no idempotency keys sent',
    points: ['K13', 'load'],
    mutations: [
      {
        file: 'tools/http.js',
        find: 'headers[tool.idempotency.header.toLowerCase()] = idempotencyKey;',
        replace: '',
      },
    ],
  },
  {
    name: 'dedupe that checks, then inserts',
    points: ['load'],
    twice: 1,
    mutations: [
      {
        // Whether it is there is asked before the transaction, as by a SELECT of the request's own.
        file: 'store/sqlite/arrivals.js',
        find: "return { draft, id: newId('evt'), keys: keysOfArrival(arrival, draft, index) };",
        replace: `const own = keysOfArrival(arrival, draft, index);
                own.isKnown = own.some((key) => keys.has(key));
                return { draft, id: newId('evt'), keys: own };`,
      },
      {
        file: 'store/sqlite/dedupe-keys.js',
        find: 'claim(id, keys, now) {',
        replace: `has: (key) => owner.get(key) !== undefined,
        claim(id, keys, now) {
            if (keys.isKnown === false) {
                for (const key of keys) insert.run(key, Buffer.from(id.slice(4), 'hex'), now);
                return { id, isNew: true };
            }`,
      },
    ],
  },
]

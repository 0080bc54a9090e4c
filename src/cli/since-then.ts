export {
  isDoneByOthers,
  type LaterEvent,
  laterEvents,
  type SinceThen,
  sayLater,
  sinceThen,
  wordsAlike,
} from '../runs/since-then.js'

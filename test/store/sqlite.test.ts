import { storeContract } from '../contract/store.js'
import { makeLedger } from './ledger.js'

storeContract('sqlite', makeLedger)

import { createPrivateKey, createSign } from 'node:crypto'
import type { ContractSupport } from '../../contract/source.js'

/** A key of this test alone; Travis CI's own is nowhere but there. */
const privateKey = createPrivateKey(`-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDn/e80fC9zibLJ
iSe23KMM0DOn6kLw1DFTMpErM/CKGgYSIpzlMeitWG5ZfZLCyPitnkZoQli8XRGV
2mrhqeTIDzimiG+o0/D8eaUZDVtwPdJ9pnkuXZRsZRw21Mbzo5OYItpblEMSH7iY
jj5qLfYsvrufsGKNvTSGI06eI1WTfKtWxqfRpIT5sKf30FJ10h7f3K/96NGnvVs5
smp9jPFaKCC6DNy9pebxzYeWDCEuMNq+dJ3pudl84BSW+Fzm5Qn0RK+N1vR9MAdY
jHTss9EJ9VvU4NEp6cOOUpjVoVXTKmnzOUQm8LEsgGg7BYi+5mjE3/qx6rKPDEda
g6KgjIiBAgMBAAECggEACu55Jq3Z3g29YBf/iDM0FyrZ3kYQfrDe/KK/uquNQHKq
udDJ+BZOlpl5xKuBPn6yEhtIycmjjQetKBSlT+odoswt0RIRgeDvxHPWctxhZEPz
ftJ4+BV2hJeMmWxUDh+1eRgeVi2hrfFS9VRRjlcJWDEqHeOVt0RUvOPdxN+ZHRSO
MCb4iqstFuVBPkzKwxIvACIJefjPzoqhpO145/HOllaDjoj6fXTet4wbJsIkbRRo
QD8vP4idQegcq5EJTC0HRXzz6LeEjq1DoV/Sn6WuYfTm7aVT69SfQt/7WTN5aC4F
83fnPGA7R7KqtOdwXTUfJtYN23UmG+gCSKCGSWXQeQKBgQD/GFdZ8r/mWvm76ERd
C9AmTWKIISNdP7OsCxHiDyLfm6QSjA0b4v+A/+EnN2AgfRurwvaISNWZWQXAv2Gb
mULct+Frk6erMn076WifmpjY08myLNQQqk0jKsJvZF05hJjSamaHWp5lWGWJ12wO
ODvDSlfSCpzy4b6cfN3lxIAiWQKBgQDo0JzR59P3fcPaY3UddHUXBXl+avBE7aIm
V+k88vNt0lyQKPXFutF9q85fHeoWqX2bm5MERjkFWmZ7NDiKzQK59Edg+kNoZ2gG
rzwKK7qzmhdSHKqVpdBePITGpMqn371XSf+Zfc8ot3UpwiSpxreMelv/3dxOsUh4
dnnMaM/CaQKBgQCLUe77OEIofE1inCMiMj53fNIwiPC4j/8AGnek4CFqwKVmX8kV
Du/+s0Fz2qGMfOes8mkU27qU6vLiZ2PWyGilBWR/DYCIVqXhH8Q9TwDlgx3oSuVz
SJ+icksI7Wag8FNKsEPY7twNe67RDq98QKgbK7I1DAjV+gbRjrzeLWjR2QKBgAWC
gmOZV/PgfxUZC3mB+w9rar+qKjuHYDIGHJf7q/UqaFRlE8P1MuYFfeHUZGja5AUd
vnH4c3sD867wwnHOfkUGWfYaliPPZq/Zz9Lxy/5aJDkmQoc+IFtKlV3aIo2sht+c
+baZOqDdDqHJXXLDKC7j6m94wbD/Exb+vs0uodQZAoGBAPCeKSJx0ZC+CvL6AyxC
77z9IuNhtJoKqU29E+5QmQUuGK1+9ghs/itm/s47I8tl1nt+wBBouXSYtbltxam3
8T2vWS5wrdH1tAAnTlRKnzSY7aAkctUS0aR6CxLFuFtzwCimvuIIMf9VYjcrii8J
hgN6nt7s5Hhj/fPY7gjeY8ja
-----END PRIVATE KEY-----
`)

export const support: ContractSupport = {
  sign({ body }) {
    const text = Buffer.from(body).toString('utf8')
    const payload = text.startsWith('payload=') ? (new URLSearchParams(text).get('payload') ?? '') : text
    return {
      headers: { signature: createSign('sha1').update(payload).sign(privateKey, 'base64') },
      body: Buffer.from(new URLSearchParams({ payload }).toString()),
    }
  },
}

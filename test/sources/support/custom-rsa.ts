import { createPrivateKey, sign } from 'node:crypto'
import type { ContractSupport } from '../../contract/source.js'

/** The private keys of the fixture's public keys, made for it. */
const keys = [
  `-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDCYqy/1g/GJOR4
eWOeYP2JRgsZ7ieVOdnKlYrEf0gYb1tk4ERnsNTyFUyQH4vkZbUqGbtXGBf4CHX1
tPcWqi368CkMBG3MRTr0ULEr3Zavew1BHkxjYIZy5E877cGVWadXJAw7bO3ETLZB
putq/Dg/obYODXgn9iSuQm14di5OMNFcUJ/eMOcybiNrAgPQefDL7fCa/D2vMuB8
15R7dyXtcEPyZho8oI+oBBLCZnlltREh1YuBOcrzXco5r0iX6w0Z97GHr6CQEsQ1
DLQU67RXudyqM7r9c116I40vJpf0MKsmppY5KaNLZYw5N084xvJ6mBaVgkQjSDT+
CxJrM8RPAgMBAAECggEAFY8FEsemezbXQgdQhZ3DMMjcbVVM/Y9reLzqJY3qTI95
JvB6lbd2fpzfH3LoPH4NQCyXavromaEyl/wolVJthBHDs6oAFXIuLi+O3ssWLcMr
fqfiF/l6H97zbLWbTTmixhbg5mxX2HgblJ9zJ6vufxwryVY0F9aETfFfG8ebrh8p
XYZUSPaykxajEhjS+3m6RmDzzH5roPZ7LjfpZNW05oOLbaZWrQVYDaFQ89nMKHRY
68JyFvb2d4P0TTTV/F+ufPWmS51F2GNBZ9KudCsuxLoytRa+HjCHa4ZsqepWsJMg
dXJjvO60DePGLPCOHlbxvngO9vxfoqXykzqoqRSe0QKBgQDtTfk+ecIFTg6Pu4/B
4iH4j6OOAvyNkEJTexGKYOG3wwM3L1VEOo/JeqiCOxpJjrPm+jggpJ51H4kphjYe
EN4cQa1pEPE+tZRic6rUhG7bzNy6zB9z5Te1q63zLqn2HlViD8Fnk4lGOpoA6oy9
TGrYPEIw1iFt17z2egp6Hq5/sQKBgQDRsxiJROlTNDFutpUI84yCgeDSuFLN0Noc
Pda/ZH2GY7/NaT6BZVVvD2zEUHfXo5Cau7Q+3+FkJTXTOBvXvAQofP5tQotm62nf
iuSnnzj+75h0ZYVzkBnJgrSjunftMVAg1HCGh0A2TVzcjarnDgvC/OKfiLRFJphA
E6QKFnuD/wKBgB/QPkPj6uDvMACQ8prZiBhcmV6mg9kup9WtQBK/HkOWf03cqJ+3
AiPOr9yVs9Z8rR2gGfo2V4/4JFlOxt6NAFnlbCwTu2Pez//K5fILtxj8g/L+/pB5
AFj4pR9e+CYotuWomxMZsmOZ45+P0kJmhkRq/6ywaFbjf0/D2Le6eUZhAoGANm1X
pvk93hyj3+p/0Cz2gUEYi1jQFR9qHP5n6JE6i1EEjVoNoSQeAo9sWZ/RGyUW+TJS
3Cbbp1SJHeNoRpxEMAYRO2aULAhaGG1CX8dR0cl6NmvLMW1rZAQKwpw5WFT+SSca
dbBRGEcIHS6f9wyMPPXKFEI1F+WmiqsOXpfrQx0CgYAM2fLJjT6skHHYxI6ESj7S
iXcSuGsUJUQS+CHcuVvW+hX0kp3zvh2NUauxRN47ymV7o0eu5e53pyNc8hpQFGB9
/nMcsNDg/7mSWKEz8QlmRRdvgeoSIGIDA1h4tfCn9PO3CyeP/TraVrFhcsw2diok
j2L70CYrXuL44RaST1rkrg==
-----END PRIVATE KEY-----`,
  `-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCNajuU8jdRcdYC
zXlXwKahBzVwFC+i2gcZJe5BKOXb6DqKAlpXTpuDR/v3NTTT6LtI3MKD/0AcxHB3
TsK+nByorMmWXCo2HzCfhFVq6LfBX1RAOu30r/pIGlHvys7xlk9lLI6OKhL0ndlD
x3Gz28Lix9m0udHmPwbTVOnxOfxGdzZow8BrHI9s3RUnJJ4mRNCwc74PgMEVd1oh
1hFuvOFmp6EsPhdJA10K4gEk2sr4ttY9IlRdb5LmLTqX0qf5uXiDKM0hxSf+MzQI
CwKFBayLGKCGz4qhOj3utUeyXLwYg44CsdSj0tUyMzEyIgFFTdtWuupGbQNt1we0
vSw/Jeo/AgMBAAECggEAOZOGHLedlDhv9QYpoHPco/VmaXKejoSMnU2XOspnA+kC
ZIxesetcX9AgI19zWdAI6LqRK+Lx/IRycfEMU0UGWhq3nNN7kDuUtW3QxU1o+39P
szMLDTPVCCRHNgVxymTzgHLqu7EftJ7MBc+fWKZiK6lI109MyZzhr4uEEGYWc62c
8R/eOZ6BAZ5vUCMLZIcR6+8osQ5wTMwHPhNhCrRxZFEJMy0HVJE2du9RYhGkxqt1
YMwvesMBjQ+QtO68T07RrP0jp+TIzmzk/r11N/rfCOA8PxK9dL0tPCUZs4nZHq6G
aP/K/Iz3drdJrNs8rgb5kKT/6Vz51Mjfca3vzMRDMQKBgQDBiKr6Le/IvImgfynH
YgEZ34rsP6cQQVqVMnDXepPlCUjnwP3NHLcap+e4fw9RrPjL31EiXlPpGOd3LjpN
6JlYE4n3Li6x2nmU40VUAnYqk702arC8Hlj85actHju8emdaho/X7fLeaBghV9VG
lOw0G5LsZdmEMEIIZOAi+oFP2QKBgQC7DxS90ft8MHESymZulB3jyJ6OGDLJtqVL
FETucns03ehxZ0bnorttFrJmzFp03rZkvZvtEqWJlYoEpdKiQK6tJTDmbJ97my80
BOfgIt4wXuJ6uVH3kcrtw8+jUUp8nUdkmg4M+pG5S0/phdfvUd+A1svYKzqnUUgW
sAMXbBzT1wKBgAzj2mdxWdAn5o6/CXxTJbmgbvNPRgRKJgtb4bIoYuNVW/q7muvn
Zraqyj86jz2kZKnHhPLiD3quAvSoKo/31wbLvlutQsTrxT9KZ9qxk0dAsdCHCKBu
8QRfE2Ro6Bekm2+nGLuMCKoRitHltLnPv2+1CnMeUX+Ba1R9y4Po5WX5AoGALZRa
KHqe/b7L/pkk5nLe6Z77y4Hn9jC0DBxPQ47PqK0ds2xH4a9MXiN2qwfGTs3pwZhW
AylU/rZaYBGLxo9eQMBcLvluzu6cTN+ZJIs6eqzUILVBXMLAoLjiwlfPf5fPSpsj
K1Ru56iLO0qquBzKChnMp8q4ywZKO4T969ojGBcCgYAz3WVU5+DISxTa6470UGPN
3OQrHk49ChVIwQ3S2DKJRXMc/5cQHepTynjZAGpaVcFg/ptXaz6x4bKWiJvxtwoP
VSkzXStfN4gx4j/bnJas1yu0Uee7ippWU7tu+6ZrKL6USp90d1kXnjokW+ImW0Hr
dpI3y3lO44IuZjni5ZbPUw==
-----END PRIVATE KEY-----`,
].map((pem) => createPrivateKey(pem))

export const support: ContractSupport = {
  sign({ body, id, secretIndex = 0 }, now) {
    const key = keys[secretIndex]
    if (!key) throw new Error('there is no such key')
    const time = `${new Date(now).toISOString().slice(0, 19)}Z`
    const signed = Buffer.concat([Buffer.from(`${id}|${time}|`), body])
    return {
      headers: {
        'x-id': id,
        'x-timestamp': time,
        'x-signature': sign('sha256', signed, key).toString('base64'),
      },
    }
  },
}

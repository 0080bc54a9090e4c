import { type KeyObject, X509Certificate } from 'node:crypto'

const mostCertificates = 8
const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g

export interface CertificateRule {
  /** The whole common name of the first certificate. */
  readonly name: RegExp
  /** Epoch milliseconds at which every certificate must be valid. */
  readonly at: number
}

/**
 * The key of the first certificate in `pem`, or what is wrong. Each that follows must have issued the one before it. Where
 * the chain ends is not asked: who published it has to be known otherwise.
 */
export function certificateKey(pem: string, { name, at }: CertificateRule): KeyObject | string {
  const chain = readChain(pem)
  const [leaf] = chain ?? []
  if (!chain || !leaf) return 'is no certificate'
  const common: unknown = leaf.toLegacyObject().subject.CN
  if (typeof common !== 'string' || name.exec(common)?.[0] !== common) return 'is of another name'
  if (leaf.ca) return 'is one that issues others'
  if (!chain.every((each) => isValidAt(each, at))) return 'was not valid at that time'
  const isLinked = chain.slice(1).every((issuer, index) => isIssuedBy(chain[index], issuer))
  return isLinked ? leaf.publicKey : 'is followed by one that did not issue it'
}

function readChain(pem: string): X509Certificate[] | undefined {
  const blocks = pem.match(pemBlock) ?? []
  if (blocks.length === 0 || blocks.length > mostCertificates) return undefined
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return undefined
  }
}

function isValidAt({ validFrom, validTo }: X509Certificate, at: number): boolean {
  return at >= Date.parse(validFrom) && at <= Date.parse(validTo)
}

function isIssuedBy(certificate: X509Certificate | undefined, issuer: X509Certificate): boolean {
  return issuer.ca && certificate?.checkIssued(issuer) === true && certificate.verify(issuer.publicKey)
}

/** Apple's services, what is sent to them, and what goes with an artifact. */
export const appleSettings = {
  notaryUrl: {
    variable: 'PERRY_NOTARY_URL',
    meaning: "Base address of Apple's notary service",
    defaultText: '`https://appstoreconnect.apple.com/notary/v2`',
  },
  notaryS3Url: {
    variable: 'PERRY_NOTARY_S3_URL',
    meaning: 'Where uploads for the notary service go, as `URL/bucket/object`',
    defaultText: 'the bucket at Amazon that Apple names',
  },
  ticketUrl: {
    variable: 'PERRY_TICKET_URL',
    meaning: 'Whole address of the look-up of notarization tickets',
    defaultText: "Apple's public one on `api.apple-cloudkit.com`",
  },
  appStoreConnectUrl: {
    variable: 'PERRY_APP_STORE_CONNECT_URL',
    meaning: 'Address of App Store Connect, to which `/v1/…` is added',
    defaultText: '`https://api.appstoreconnect.apple.com`',
  },
  notarize: {
    variable: 'PERRY_NOTARIZE',
    meaning:
      'How often a macOS app is submitted to Apple: `twice`, so that the app and its disk image carry a ticket each, or `once`, for the image alone; `notarize` in the manifest of a job goes first',
    defaultText: '`twice`',
  },
  provenance: {
    variable: 'PERRY_PROVENANCE',
    meaning:
      'With `on`, the sender of a job gets a statement of how its artifact was made as well: in-toto with SLSA provenance, unsigned',
    defaultText: '`off`',
  },
  notaryTimeoutMinutes: {
    variable: 'PERRY_NOTARY_TIMEOUT_MINUTES',
    meaning: "Longest wait for Apple's verdict on one submission",
    defaultText: '`120`',
  },
} as const;

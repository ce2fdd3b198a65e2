/** Where logs and buckets are: a node of the network like others. */
export const SERVER = 'server'
/** First token of the subjects on which answers come back; the second names the node. */
export const INBOX = '_INBOX'

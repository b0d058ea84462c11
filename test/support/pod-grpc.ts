// A gRPC client of a Pod: says hello, stays, and tells what becomes of it: messages, then 'status CODE'.
import { Client, credentials } from '@grpc/grpc-js'

const [, , address = ''] = process.argv
const same = (message: Buffer): Buffer => message
const call = new Client(address, credentials.createInsecure()).makeBidiStreamRequest('/pods.Echo/Say', same, same)
call.on('data', (message: Buffer) => console.log(message.toString()))
call.on('error', () => {})
call.on('status', ({ code }: { code: number }) => console.log(`status ${code}`))
call.write(Buffer.from('hello'))

// A WebSocket client of a Pod: says hello, stays, and tells what becomes of it.
import { WebSocket } from 'ws'

const socket = new WebSocket(process.argv[2] as string)
socket.on('open', () => {
  console.log('open')
  socket.send('hello')
})
socket.on('message', (message) => console.log((message as Buffer).toString()))
socket.on('error', (error) => console.log(`error ${error.message}`))
socket.on('close', (code) => console.log(`close ${code}`))

/** Whose connection it is. Worker thread. */
import type { Socket } from 'node:net'
import { plainAddress } from './forwarding.ts'

const announced = new WeakMap<Socket, string>()

/** The client's address: what a proxy in front has announced, else that of the connection. '' when the connection has gone. */
export const peerOf = (socket: Socket): string => announced.get(socket) ?? plainAddress(socket.remoteAddress)

/** Has `peerOf` give this address for as long as the connection lasts. */
export const announcePeer = (socket: Socket, address: string): void => void announced.set(socket, plainAddress(address))

//! Fails to compile when the two dictionaries do not have the same keys. Nothing imports it.

import type en from './en.json';
import type zh from './zh-CN.json';

type Missing = Exclude<keyof typeof en, keyof typeof zh>;
type Surplus = Exclude<keyof typeof zh, keyof typeof en>;

const missing: [Missing] extends [never] ? true : Missing = true;
const surplus: [Surplus] extends [never] ? true : Surplus = true;
export default missing && surplus;

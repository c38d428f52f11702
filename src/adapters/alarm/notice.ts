/** What a command gets on its standard input, and a webhook as its body. Fields are added, never renamed. */
export interface NoticeMessage {
  readonly v: 1;
  /** `changed`: it is about something else too, as the sentences say. `test`: sent by `perry-ship alarms test`. */
  readonly event: 'raised' | 'changed' | 'over' | 'test';
  /** E.g. `hub-refused`. */
  readonly alarm: string;
  readonly worker: string;
  /** Name of this host. */
  readonly host: string;
  /** ISO 8601, as `at`. */
  readonly since: string;
  readonly at: string;
  /** It was told before the daemon was started anew, and still is the case. */
  readonly repeated: boolean;
  readonly summary: string;
  readonly reason: string;
  readonly nextStep: string;
  /** All of it in one text; chats that take webhooks of Slack show it as it is. */
  readonly text: string;
}

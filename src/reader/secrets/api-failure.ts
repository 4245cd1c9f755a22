// Why a Secret could not be read or written: a code for programs, and who can change it.

export type ApiFailureCode =
  | 'api-account'
  | 'api-unreachable'
  | 'api-busy'
  | 'api-answer'
  | 'api-unauthorized'
  | 'secret-forbidden'
  | 'secret-missing'
  | 'secret-conflict'
  | 'secret-too-large'
  | 'secret-refused';

export class ApiFailure extends Error {
  readonly code: ApiFailureCode;
  constructor(code: ApiFailureCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ApiFailure';
    this.code = code;
  }
}

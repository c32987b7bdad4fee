import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'

/** Where inputs and code bundles are: the bucket and the prefix in it, without slashes at either end. */
export interface RunStorage {
  readonly bucket: IBucket
  readonly prefix: string
}

const CREATED_PREFIX = 'flyte'

const locked = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  removalPolicy: RemovalPolicy.RETAIN,
} as const

/** The bucket that the load balancer and the other bucket write their access logs to. */
export class LogsBucket extends Bucket {
  constructor(scope: Construct, id: string, retentionDays: number) {
    super(scope, id, { ...locked, lifecycleRules: [{ expiration: Duration.days(retentionDays) }] })
    acknowledge(this, 'S1', 'This bucket holds the access logs; logging its own access would never end.')
  }
}

/**
 * The bucket of the runs, made here or existing.
 *
 * Not versioned: an object is written once under a name of its own and never changed, so a second version would only
 * be a mistake kept for money. Unfinished uploads go after a week.
 */
export class RunsBucket extends Construct {
  readonly storage: RunStorage

  constructor(
    scope: Construct,
    id: string,
    options: { storagePrefix: string | undefined; logs: IBucket | undefined },
  ) {
    super(scope, id)
    const { storagePrefix, logs } = options
    this.storage = storagePrefix === undefined ? this.create(logs) : this.existing(storagePrefix)
  }

  /** `s3://bucket/prefix`, without a trailing slash. */
  get uri(): string {
    const { bucket, prefix } = this.storage
    return prefix === '' ? `s3://${bucket.bucketName}` : `s3://${bucket.bucketName}/${prefix}`
  }

  private create(logs: IBucket | undefined): RunStorage {
    const bucket = new Bucket(this, 'Bucket', {
      ...locked,
      ...(logs === undefined ? {} : { serverAccessLogsBucket: logs, serverAccessLogsPrefix: 'bucket/' }),
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    })
    return { bucket, prefix: CREATED_PREFIX }
  }

  private existing(storagePrefix: string): RunStorage {
    const [name = '', ...prefix] = storagePrefix.slice('s3://'.length).split('/')
    return { bucket: Bucket.fromBucketName(this, 'Bucket', name), prefix: prefix.join('/') }
  }
}

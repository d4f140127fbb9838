BEGIN TRANSACTION;
CREATE TABLE artefacts (
	attempt_id INTEGER NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	media_type TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_artefacts PRIMARY KEY (attempt_id, name), 
	CONSTRAINT fk_artefacts_attempt_id FOREIGN KEY(attempt_id) REFERENCES attempts (id) ON DELETE CASCADE
);
CREATE TABLE attempts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	trial_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	slot INTEGER NOT NULL, 
	lease_s INTEGER NOT NULL, 
	worker VARCHAR(64) NOT NULL, 
	request_id VARCHAR(64) NOT NULL, 
	token_sha256 VARCHAR(64) NOT NULL, 
	started_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	reason TEXT, 
	counts BOOLEAN NOT NULL, 
	result JSON, 
	details JSON, 
	outcome VARCHAR(16), 
	CONSTRAINT ck_attempts_ended CHECK ((ended_at IS NULL) = (outcome IS NULL)), 
	CONSTRAINT ck_attempts_counts CHECK (NOT counts OR ended_at IS NOT NULL), 
	CONSTRAINT fk_attempts_trial_id FOREIGN KEY(trial_id) REFERENCES trials (id) ON DELETE CASCADE, 
	CONSTRAINT uq_attempts_trial_id_number UNIQUE (trial_id, number), 
	CONSTRAINT uq_attempts_worker_request_id_slot UNIQUE (worker, request_id, slot), 
	CONSTRAINT ck_attempts_outcome CHECK (outcome IN ('completed', 'infeasible', 'failed', 'expired', 'released', 'cancelled', 'superseded'))
);
INSERT INTO "attempts" VALUES(1,1,1,0,60,'w','r1','f7496326ea1d026775c0c32d90f89974d5c71bbca8ba03b29ac7ddfdf5474566','2026-01-02 03:04:05.000000','2026-01-02 03:05:05.000000','2026-01-02 03:04:05.000000',NULL,1,'{"cost":10.0,"gain":0.0}','{}','completed');
INSERT INTO "attempts" VALUES(2,2,1,0,60,'w','r2','24a7ef28502064d85602c129c86ffb9f016901017ddb21374ce4ccd8d3950ed1','2026-01-02 03:04:06.000000','2026-01-02 03:05:06.000000','2026-01-02 03:04:06.000000',NULL,1,'{"cost":9.0,"gain":1.0}','{}','completed');
INSERT INTO "attempts" VALUES(3,3,1,0,60,'w','r3','ae36851689a39cd8d202a42953f70451bab5a32c07f418aceac104bfbaf8c6bb','2026-01-02 03:04:07.000000','2026-01-02 03:05:07.000000','2026-01-02 03:04:07.000000',NULL,1,'{"cost":8.0,"gain":2.0}','{}','completed');
INSERT INTO "attempts" VALUES(4,4,1,0,60,'w','r4','f4193ff52b0cfaa9118f8e5f5f3629e94c8e47f4844bae75959c377a566dd9ee','2026-01-02 03:04:08.000000','2026-01-02 03:05:08.000000','2026-01-02 03:04:08.000000',NULL,1,'{"cost":7.0,"gain":3.0}','{}','completed');
INSERT INTO "attempts" VALUES(5,5,1,0,60,'w','r5','a44cbd64926dafd156d1cbbedbf59787a6a44f1fd5d11563c66d236830162d5b','2026-01-02 03:04:09.000000','2026-01-02 03:05:09.000000','2026-01-02 03:04:09.000000',NULL,1,'{"cost":6.0,"gain":4.0}','{}','completed');
INSERT INTO "attempts" VALUES(6,6,1,0,60,'w','r6','83cabca776c6f7a621f8a4066c8d570e84a3b930b27c8d93352af4e9cec5f558','2026-01-02 03:04:10.000000','2026-01-02 03:05:10.000000','2026-01-02 03:04:10.000000',NULL,1,'{"cost":5.0,"gain":0.0}','{}','completed');
INSERT INTO "attempts" VALUES(7,7,1,0,60,'w','r7','8e81059b2bb9a233483a3ef692beb57d1b267070e90df2ea8c1e28d91d8855f2','2026-01-02 03:04:11.000000','2026-01-02 03:05:11.000000','2026-01-02 03:04:11.000000',NULL,1,'{"cost":4.0,"gain":1.0}','{}','completed');
INSERT INTO "attempts" VALUES(8,8,1,0,60,'w','r8','458068dd0589b44eb12fca920ebf0773229fbfa5eb5b9a455a0ef1d612bf551a','2026-01-02 03:04:12.000000','2026-01-02 03:05:12.000000','2026-01-02 03:04:12.000000',NULL,1,'{"cost":3.0,"gain":2.0}','{}','completed');
INSERT INTO "attempts" VALUES(9,9,1,0,60,'w','r9','8a5fa922625c68dad29b3b45eb993ef2b2c375b306dd2770f702352925f04940','2026-01-02 03:04:13.000000','2026-01-02 03:05:13.000000','2026-01-02 03:04:13.000000','broke',1,NULL,NULL,'infeasible');
INSERT INTO "attempts" VALUES(10,10,1,0,60,'w','r10','800be5610b29f15cf1a634986e46715892752ab7ff5e1c1b8f2c224702b97fc1','2026-01-02 03:04:13.000000','2026-01-02 03:05:13.000000',NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE events (
	study_id INTEGER NOT NULL, 
	data JSON NOT NULL, 
	at DATETIME NOT NULL, 
	number INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (study_id, number), 
	CONSTRAINT fk_events_study_id FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE, 
	CONSTRAINT ck_events_kind CHECK (kind IN ('trial', 'front', 'hypervolume', 'study'))
);
INSERT INTO "events" VALUES(1,'{"status":"active","reason":null,"trials":20}','2026-01-02 03:04:05.000000',1,'study');
INSERT INTO "events" VALUES(1,'{"id":1,"number":1,"status":"completed","finish_no":1,"feasible":true,"on_front":true,"values":{"cost":10.0,"gain":0.0}}','2026-01-02 03:04:13.000000',2,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":1,"front_size":1}','2026-01-02 03:04:13.000000',3,'front');
INSERT INTO "events" VALUES(1,'{"id":2,"number":2,"status":"completed","finish_no":2,"feasible":true,"on_front":true,"values":{"cost":9.0,"gain":1.0}}','2026-01-02 03:04:13.000000',4,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":2,"front_size":1}','2026-01-02 03:04:13.000000',5,'front');
INSERT INTO "events" VALUES(1,'{"id":3,"number":3,"status":"completed","finish_no":3,"feasible":true,"on_front":true,"values":{"cost":8.0,"gain":2.0}}','2026-01-02 03:04:13.000000',6,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":3,"front_size":1}','2026-01-02 03:04:13.000000',7,'front');
INSERT INTO "events" VALUES(1,'{"id":4,"number":4,"status":"completed","finish_no":4,"feasible":true,"on_front":true,"values":{"cost":7.0,"gain":3.0}}','2026-01-02 03:04:13.000000',8,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":4,"front_size":1}','2026-01-02 03:04:13.000000',9,'front');
INSERT INTO "events" VALUES(1,'{"id":5,"number":5,"status":"completed","finish_no":5,"feasible":true,"on_front":true,"values":{"cost":6.0,"gain":4.0}}','2026-01-02 03:04:13.000000',10,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":5,"front_size":1}','2026-01-02 03:04:13.000000',11,'front');
INSERT INTO "events" VALUES(1,'{"id":6,"number":6,"status":"completed","finish_no":6,"feasible":true,"on_front":true,"values":{"cost":5.0,"gain":0.0}}','2026-01-02 03:04:13.000000',12,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":6,"front_size":2}','2026-01-02 03:04:13.000000',13,'front');
INSERT INTO "events" VALUES(1,'{"finish_no":6,"value":0.7242063492063493,"front_size":2}','2026-01-02 03:04:13.000000',14,'hypervolume');
INSERT INTO "events" VALUES(1,'{"id":7,"number":7,"status":"completed","finish_no":7,"feasible":true,"on_front":true,"values":{"cost":4.0,"gain":1.0}}','2026-01-02 03:04:13.000000',15,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":7,"front_size":2}','2026-01-02 03:04:13.000000',16,'front');
INSERT INTO "events" VALUES(1,'{"finish_no":7,"value":0.8154761904761905,"front_size":2}','2026-01-02 03:04:13.000000',17,'hypervolume');
INSERT INTO "events" VALUES(1,'{"id":8,"number":8,"status":"completed","finish_no":8,"feasible":true,"on_front":true,"values":{"cost":3.0,"gain":2.0}}','2026-01-02 03:04:13.000000',18,'trial');
INSERT INTO "events" VALUES(1,'{"finish_no":8,"front_size":2}','2026-01-02 03:04:13.000000',19,'front');
INSERT INTO "events" VALUES(1,'{"finish_no":8,"value":0.9702380952380952,"front_size":2}','2026-01-02 03:04:13.000000',20,'hypervolume');
INSERT INTO "events" VALUES(1,'{"id":9,"number":9,"status":"infeasible","finish_no":9,"feasible":null,"on_front":false,"values":{}}','2026-01-02 03:04:13.000000',21,'trial');
CREATE TABLE fits (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	study_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	history_version INTEGER NOT NULL, 
	observations INTEGER NOT NULL, 
	"values" JSON NOT NULL, 
	libraries JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_fits_study_id FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE
);
CREATE TABLE hypervolume (
	study_id INTEGER NOT NULL, 
	value DOUBLE NOT NULL, 
	front_size INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	finish_no INTEGER NOT NULL, 
	CONSTRAINT pk_hypervolume PRIMARY KEY (study_id, finish_no), 
	CONSTRAINT fk_hypervolume_study_id FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE
);
INSERT INTO "hypervolume" VALUES(1,7.24206349206349297986e-01,2,'2026-01-02 03:04:13.000000',6);
INSERT INTO "hypervolume" VALUES(1,8.15476190476190465616e-01,2,'2026-01-02 03:04:13.000000',7);
INSERT INTO "hypervolume" VALUES(1,9.70238095238095232808e-01,2,'2026-01-02 03:04:13.000000',8);
CREATE TABLE idempotency (
	project_id INTEGER NOT NULL, 
	"key" VARCHAR(128) NOT NULL, 
	request_sha256 VARCHAR(64) NOT NULL, 
	status INTEGER NOT NULL, 
	answer JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (project_id, "key"), 
	CONSTRAINT fk_idempotency_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE keys (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	role VARCHAR(16) NOT NULL, 
	CONSTRAINT fk_keys_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_keys_sha256 UNIQUE (sha256), 
	CONSTRAINT ck_keys_role CHECK (role IN ('admin', 'user', 'worker', 'viewer'))
);
CREATE TABLE metrics (
	trial_id INTEGER NOT NULL, 
	study_id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	value DOUBLE NOT NULL, 
	CONSTRAINT pk_metrics PRIMARY KEY (trial_id, name), 
	CONSTRAINT ck_metrics_finite CHECK (value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308), 
	CONSTRAINT fk_metrics_study_id FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE, 
	CONSTRAINT fk_metrics_trial_id FOREIGN KEY(trial_id) REFERENCES trials (id) ON DELETE CASCADE
);
INSERT INTO "metrics" VALUES(1,1,'cost',10.0);
INSERT INTO "metrics" VALUES(1,1,'gain',0.0);
INSERT INTO "metrics" VALUES(2,1,'cost',9.0);
INSERT INTO "metrics" VALUES(2,1,'gain',1.0);
INSERT INTO "metrics" VALUES(3,1,'cost',8.0);
INSERT INTO "metrics" VALUES(3,1,'gain',2.0);
INSERT INTO "metrics" VALUES(4,1,'cost',7.0);
INSERT INTO "metrics" VALUES(4,1,'gain',3.0);
INSERT INTO "metrics" VALUES(5,1,'cost',6.0);
INSERT INTO "metrics" VALUES(5,1,'gain',4.0);
INSERT INTO "metrics" VALUES(6,1,'cost',5.0);
INSERT INTO "metrics" VALUES(6,1,'gain',0.0);
INSERT INTO "metrics" VALUES(7,1,'cost',4.0);
INSERT INTO "metrics" VALUES(7,1,'gain',1.0);
INSERT INTO "metrics" VALUES(8,1,'cost',3.0);
INSERT INTO "metrics" VALUES(8,1,'gain',2.0);
CREATE TABLE projects (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT uq_projects_name UNIQUE (name)
);
INSERT INTO "projects" VALUES(1,'default','2026-11-21 09:41:46');
CREATE TABLE reports (
	attempt_id INTEGER NOT NULL, 
	metrics JSON NOT NULL, 
	at DATETIME NOT NULL, 
	step INTEGER NOT NULL, 
	CONSTRAINT pk_reports PRIMARY KEY (attempt_id, step), 
	CONSTRAINT fk_reports_attempt_id FOREIGN KEY(attempt_id) REFERENCES attempts (id) ON DELETE CASCADE
);
INSERT INTO "reports" VALUES(10,'{"cost":3.0}','2026-01-02 03:04:13.000000',1);
CREATE TABLE studies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	version INTEGER NOT NULL, 
	trials INTEGER NOT NULL, 
	ahead INTEGER NOT NULL, 
	max_attempts INTEGER NOT NULL, 
	last_number INTEGER NOT NULL, 
	finish_no INTEGER NOT NULL, 
	event_no INTEGER NOT NULL, 
	front_size INTEGER NOT NULL, 
	definition JSON NOT NULL, 
	problem JSON NOT NULL, 
	data JSON, 
	data_name TEXT, 
	data_sha256 VARCHAR(64), 
	thinker_token VARCHAR(64), 
	designer TEXT NOT NULL, 
	think_s DOUBLE NOT NULL, 
	hypervolume DOUBLE, 
	thinker_until DATETIME, 
	ended_at DATETIME, 
	created_at DATETIME NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	ended_reason VARCHAR(16), 
	CONSTRAINT ck_studies_ended CHECK ((ended_at IS NULL) = (status <> 'ended')), 
	CONSTRAINT ck_studies_budget CHECK (trials > 0), 
	CONSTRAINT fk_studies_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_studies_project_id_name UNIQUE (project_id, name), 
	CONSTRAINT ck_studies_kind CHECK (kind IN ('network', 'parameters')), 
	CONSTRAINT ck_studies_status CHECK (status IN ('active', 'paused', 'ended')), 
	CONSTRAINT ck_studies_ended_reason CHECK (ended_reason IN ('budget', 'closed', 'exhausted'))
);
INSERT INTO "studies" VALUES(1,1,'kept',1,20,0,3,11,9,21,2,'{"name":"kept","space":{"kind":"parameters","parameters":[{"name":"x","kind":"real","low":0.0,"high":1000.0,"log":false}]},"objectives":[{"name":"cost","goal":"minimize","bound":null,"limit":null,"ideal":null,"reference":null,"log":null},{"name":"gain","goal":"maximize","bound":null,"limit":null,"ideal":null,"reference":null,"log":null}],"data":null,"device":null,"designer":"random","trials":20,"training":{},"seed":0,"ahead":0,"think_s":5.0,"max_attempts":3}','{"space":{"kind":"parameters","parameters":[{"name":"x","kind":"real","low":0.0,"high":1000.0,"log":false}]},"context":{},"objectives":[{"name":"cost","role":"measured","goal":"minimize","bound":null,"limit":null,"scale":{"ideal":4.5,"reference":10.5,"log":false},"given":{"ideal":null,"reference":null,"log":null}},{"name":"gain","role":"measured","goal":"maximize","bound":null,"limit":null,"scale":{"ideal":4.375,"reference":-0.875,"log":false},"given":{"ideal":null,"reference":null,"log":null}}],"validation":null,"seed":0}',NULL,NULL,NULL,NULL,'random',5.0,9.70238095238095232808e-01,NULL,NULL,'2026-01-02 03:04:05.000000','parameters','active',NULL);
CREATE TABLE tinyfront_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT tinyfront_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "tinyfront_alembic_version" VALUES('0001');
CREATE TABLE tinyfront_schema (
	oldest_server TEXT NOT NULL, 
	token_secret BLOB NOT NULL, 
	id INTEGER NOT NULL, 
	CONSTRAINT pk_tinyfront_schema PRIMARY KEY (id), 
	CONSTRAINT ck_tinyfront_schema_one_row CHECK (id = 1)
);
INSERT INTO "tinyfront_schema" VALUES('0.1.0',X'49BF36D2F48A48E7B2D7101BA52B652B2A8C77A412B8509212181D9B61E268E9',1);
CREATE TABLE trials (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	replicate INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	losses INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	purpose VARCHAR(16) NOT NULL, 
	point JSON NOT NULL, 
	known JSON NOT NULL, 
	work JSON NOT NULL, 
	details JSON NOT NULL, 
	epochs DOUBLE NOT NULL, 
	designer TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	prediction JSON, 
	fit_id INTEGER, 
	worker TEXT, 
	reason TEXT, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	entered_at DATETIME, 
	finish_no INTEGER, 
	feasible BOOLEAN, 
	on_front BOOLEAN NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	worker_order VARCHAR(16) NOT NULL, 
	failed_through VARCHAR(16), 
	CONSTRAINT ck_trials_open CHECK ((finished_at IS NULL) = (status IN ('queued', 'running'))), 
	CONSTRAINT ck_trials_on_front CHECK (NOT on_front OR (status = 'completed' AND feasible IS TRUE)), 
	CONSTRAINT ck_trials_failed_status CHECK (failed_through IS NULL OR status = 'failed'), 
	CONSTRAINT ck_trials_finish_no CHECK (finish_no IS NULL OR status NOT IN ('queued', 'running', 'cancelled')), 
	CONSTRAINT fk_trials_fit_id FOREIGN KEY(fit_id) REFERENCES fits (id) ON DELETE SET NULL, 
	CONSTRAINT fk_trials_study_id FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE, 
	CONSTRAINT uq_trials_study_id_finish_no UNIQUE (study_id, finish_no), 
	CONSTRAINT uq_trials_study_id_key_purpose_replicate UNIQUE (study_id, "key", purpose, replicate), 
	CONSTRAINT uq_trials_study_id_number UNIQUE (study_id, number), 
	CONSTRAINT ck_trials_status CHECK (status IN ('queued', 'running', 'completed', 'stopped', 'infeasible', 'failed', 'cancelled')), 
	CONSTRAINT ck_trials_worker_order CHECK (worker_order IN ('continue', 'stop', 'cancel')), 
	CONSTRAINT ck_trials_failed_through CHECK (failed_through IN ('objective', 'lost_workers'))
);
INSERT INTO "trials" VALUES(1,1,1,0,1,0,0,'f3dc2d162c92881962a9ba1783dffebb14a38543f1ce3c92d34d513df1b38076','search','{"x":1.0}','{}','{"kind":"parameters","parameters":{"x":1.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:05.000000','2026-01-02 03:04:05.000000','2026-01-02 03:04:05.000000','2026-01-02 03:04:13.000000',1,1,0,'completed','continue',NULL);
INSERT INTO "trials" VALUES(2,1,2,0,1,0,0,'aa5726b4833d9dbcb130a7adafc940596b2a8a646b2130a5c9ab9cdf9f398031','search','{"x":2.0}','{}','{"kind":"parameters","parameters":{"x":2.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:06.000000','2026-01-02 03:04:06.000000','2026-01-02 03:04:06.000000','2026-01-02 03:04:13.000000',2,1,0,'completed','continue',NULL);
INSERT INTO "trials" VALUES(3,1,3,0,1,0,0,'7bdb3b4039843486318ddc118590497270f667d1971b39eadcdb5674da1d2b67','search','{"x":3.0}','{}','{"kind":"parameters","parameters":{"x":3.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:07.000000','2026-01-02 03:04:07.000000','2026-01-02 03:04:07.000000','2026-01-02 03:04:13.000000',3,1,0,'completed','continue',NULL);
INSERT INTO "trials" VALUES(4,1,4,0,1,0,0,'0893e28c5f255c3268b39445ce1afa9fcf3c65ab24b03ba294325b84d4748feb','search','{"x":4.0}','{}','{"kind":"parameters","parameters":{"x":4.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:08.000000','2026-01-02 03:04:08.000000','2026-01-02 03:04:08.000000','2026-01-02 03:04:13.000000',4,1,0,'completed','continue',NULL);
INSERT INTO "trials" VALUES(5,1,5,0,1,0,0,'ed755a86dd4c9b20cb59bdadb269ab002d809a6bf681530ee79b2cc1ee151da7','search','{"x":5.0}','{}','{"kind":"parameters","parameters":{"x":5.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:09.000000','2026-01-02 03:04:09.000000','2026-01-02 03:04:09.000000','2026-01-02 03:04:13.000000',5,1,1,'completed','continue',NULL);
INSERT INTO "trials" VALUES(6,1,6,0,1,0,0,'8b9118ad3ef6d37757fa533ff16b280465be9e80857b66f12da1d16461788f1e','search','{"x":6.0}','{}','{"kind":"parameters","parameters":{"x":6.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:10.000000','2026-01-02 03:04:10.000000','2026-01-02 03:04:10.000000','2026-01-02 03:04:13.000000',6,1,0,'completed','continue',NULL);
INSERT INTO "trials" VALUES(7,1,7,0,1,0,0,'bbd221e589db883923be0517a8e14d631f84be8ee94b0f1d08e4aad2ecc50e13','search','{"x":7.0}','{}','{"kind":"parameters","parameters":{"x":7.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:11.000000','2026-01-02 03:04:11.000000','2026-01-02 03:04:11.000000','2026-01-02 03:04:13.000000',7,1,0,'completed','continue',NULL);
INSERT INTO "trials" VALUES(8,1,8,0,1,0,0,'0c06965387f6eb0e8b6ead24843b1f8f8218d6c439ec8fa8fc3cc3bd8ae69878','search','{"x":8.0}','{}','{"kind":"parameters","parameters":{"x":8.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:12.000000','2026-01-02 03:04:12.000000','2026-01-02 03:04:12.000000','2026-01-02 03:04:13.000000',8,1,1,'completed','continue',NULL);
INSERT INTO "trials" VALUES(9,1,9,0,1,0,0,'52bb44aa4b921104ed36a5cf511bf49ca337b6f80c48a391f9ac9f5ef67bc578','search','{"x":9.0}','{}','{"kind":"parameters","parameters":{"x":9.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w','broke','2026-01-02 03:04:13.000000','2026-01-02 03:04:13.000000','2026-01-02 03:04:13.000000','2026-01-02 03:04:13.000000',9,NULL,0,'infeasible','continue',NULL);
INSERT INTO "trials" VALUES(10,1,10,0,1,0,0,'d4f3bd5768acd5690a8a16710ba07be05d665cd419a001697059701564df9de2','search','{"x":10.0}','{}','{"kind":"parameters","parameters":{"x":10.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,'w',NULL,'2026-01-02 03:04:13.000000','2026-01-02 03:04:13.000000',NULL,NULL,NULL,NULL,0,'running','continue',NULL);
INSERT INTO "trials" VALUES(11,1,11,0,0,0,0,'de95e1fe8d795139c01e4268e48cd0ddcd2e8b2ab3cf19f35ab3f9445c8903cb','search','{"x":11.0}','{}','{"kind":"parameters","parameters":{"x":11.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}','{}',0.0,'user','user',NULL,NULL,NULL,NULL,'2026-01-02 03:04:13.000000',NULL,NULL,NULL,NULL,NULL,0,'queued','continue',NULL);
CREATE TABLE workers (
	name VARCHAR(64) NOT NULL, 
	accelerator TEXT, 
	host TEXT, 
	pid INTEGER, 
	versions JSON NOT NULL, 
	data JSON NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	CONSTRAINT pk_workers PRIMARY KEY (name)
);
INSERT INTO "workers" VALUES('w',NULL,NULL,NULL,'{}','[]','2026-01-02 03:04:05.000000','2026-01-02 03:04:13.000000');
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_keys_project_id ON keys (project_id);
CREATE INDEX ix_fits_study_id ON fits (study_id);
CREATE INDEX ix_trials_status_id ON trials (status, id);
CREATE INDEX ix_trials_study_id_status_id ON trials (study_id, status, id);
CREATE INDEX ix_trials_unentered ON trials (study_id) WHERE finished_at IS NOT NULL AND entered_at IS NULL;
CREATE INDEX ix_attempts_expiry ON attempts (expires_at) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX uq_attempts_counts ON attempts (trial_id) WHERE counts;
CREATE UNIQUE INDEX uq_attempts_open ON attempts (trial_id) WHERE ended_at IS NULL;
CREATE INDEX ix_metrics_study_id_name_value ON metrics (study_id, name, value);
CREATE INDEX ix_artefacts_sha256 ON artefacts (sha256);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('projects',1);
INSERT INTO "sqlite_sequence" VALUES('studies',1);
INSERT INTO "sqlite_sequence" VALUES('trials',11);
INSERT INTO "sqlite_sequence" VALUES('attempts',10);
COMMIT;

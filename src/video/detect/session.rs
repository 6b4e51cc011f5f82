//! Everything that speaks to ONNX Runtime: the library, the execution provider, a session, a run.
//!
//! The library is loaded once per process, telemetry off, its talk sent to `tracing`. A session belongs to one
//! worker. A provider that is missing is an error; the processor stands in only where the site allows it, and
//! that is said aloud and kept in the [`Chosen`] provider.

use super::DetectError;
use super::output::Tensor;
use crate::config::Provider;
use crate::geometry::FrameSize;
use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The library in use, once it is loaded. ONNX Runtime allows one environment per process.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

/// The loaded library.
#[derive(Clone)]
pub(super) struct Runtime {
    library: PathBuf,
    environment: Environment,
}

impl Runtime {
    /// Loads the library, or gives the one that this process has loaded before.
    ///
    /// # Errors
    /// [`DetectError::Library`] where it cannot be loaded, is too old, or is another one than before.
    pub(super) fn load(library: &Path) -> Result<Self, DetectError> {
        let fault = |reason: String| DetectError::Library { path: library.to_path_buf(), reason };
        let library = library.canonicalize().map_err(|e| fault(e.to_string()))?;
        // A panic while the lock was held leaves an Option that is still one or the other.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            return if runtime.library == library {
                Ok(runtime.clone())
            } else {
                Err(fault(format!("this process already uses {}", runtime.library.display())))
            };
        }
        let environment = ort::init_from(&library)
            .map_err(|e| fault(e.to_string()))?
            .with_name("melkglas")
            .with_telemetry(false)
            .with_logger(Arc::new(log))
            .build()
            .map_err(|e| fault(e.to_string()))?;
        environment.set_log_level(LogLevel::Warning);
        let runtime = Self { library, environment };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library file.
    pub(super) fn library(&self) -> &Path {
        &self.library
    }

    /// The provider to use where `asked` is wanted: `asked`, or the processor where it is missing and
    /// `allow_cpu_fallback` holds. Whether it can be started shows when the first session is made.
    ///
    /// # Errors
    /// [`DetectError::ProviderMissing`].
    pub(super) fn choose(&self, asked: Provider, allow_cpu_fallback: bool) -> Result<Chosen, DetectError> {
        match self.available(asked) {
            Ok(true) => Ok(Chosen { asked, used: asked }),
            Ok(false) => self.fall_back(asked, allow_cpu_fallback, "this build does not contain it".into()),
            Err(reason) => self.fall_back(asked, allow_cpu_fallback, reason),
        }
    }

    /// The processor in place of a provider that cannot be used.
    ///
    /// # Errors
    /// [`DetectError::ProviderMissing`] where that is not allowed.
    pub(super) fn fall_back(
        &self,
        asked: Provider,
        allow_cpu_fallback: bool,
        reason: String,
    ) -> Result<Chosen, DetectError> {
        if allow_cpu_fallback && asked != Provider::Cpu {
            tracing::warn!(provider = provider_name(asked), %reason, "provider missing, using the processor");
            Ok(Chosen { asked, used: Provider::Cpu })
        } else {
            Err(DetectError::ProviderMissing { provider: asked, library: self.library.clone(), reason })
        }
    }

    fn available(&self, provider: Provider) -> Result<bool, String> {
        match provider {
            Provider::Cpu => Ok(true),
            Provider::Cuda => ep::CUDA::is_available().map_err(|e| e.to_string()),
            Provider::Tensorrt => ep::TensorRT::is_available().map_err(|e| e.to_string()),
            Provider::Openvino => ep::OpenVINO::is_available().map_err(|e| e.to_string()),
        }
    }

    /// A session for one worker over weights that were checked before.
    ///
    /// # Errors
    /// [`DetectError::ProviderMissing`] where the provider does not start, [`DetectError::Load`] where the weights
    /// are refused.
    pub(super) fn session(
        &self,
        model: &str,
        weights: &[u8],
        provider: Provider,
    ) -> Result<Network, DetectError> {
        let fault = |reason: String| DetectError::Load { model: model.to_owned(), reason };
        let builder = builder(&self.environment).map_err(|e| fault(e.to_string()))?;
        let mut builder = match dispatch(provider) {
            None => builder,
            Some(dispatch) => {
                builder.with_execution_providers([dispatch.error_on_failure()]).map_err(|e| {
                    DetectError::ProviderMissing {
                        provider,
                        library: self.library.clone(),
                        reason: e.to_string(),
                    }
                })?
            }
        };
        let session = builder.commit_from_memory(weights).map_err(|e| fault(e.to_string()))?;
        match session.inputs() {
            [_] => Ok(Network { model: model.to_owned(), session }),
            inputs => Err(fault(format!("it takes {} inputs, one picture was due", inputs.len()))),
        }
    }
}

fn builder(environment: &Environment) -> ort::Result<SessionBuilder> {
    Ok(Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        // Workers share the cores by frames: threads within one would wait for those of the other stages, spinning.
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        // Parts of frames come in many shapes; each would leave its own largest blocks behind.
        .with_memory_pattern(false)?)
}

fn dispatch(provider: Provider) -> Option<ExecutionProviderDispatch> {
    match provider {
        Provider::Cpu => Some(ep::CPU::default().with_arena_allocator(false).build()),
        Provider::Cuda => Some(ep::CUDA::default().build()),
        Provider::Tensorrt => Some(ep::TensorRT::default().build()),
        Provider::Openvino => Some(ep::OpenVINO::default().build()),
    }
}

/// The provider's name in settings.
pub(super) fn provider_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Cpu => "cpu",
        Provider::Cuda => "cuda",
        Provider::Tensorrt => "tensorrt",
        Provider::Openvino => "openvino",
    }
}

/// The provider asked for and the one in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Chosen {
    pub(super) asked: Provider,
    pub(super) used: Provider,
}

/// The library's talk, one level lower than it says: its errors come back as ours, and are handled there.
fn log(level: LogLevel, _category: &str, _id: &str, place: &str, message: &str) {
    match level {
        LogLevel::Fatal | LogLevel::Error => tracing::warn!(place, "ONNX Runtime: {message}"),
        LogLevel::Warning => tracing::debug!(place, "ONNX Runtime: {message}"),
        LogLevel::Info | LogLevel::Verbose => tracing::trace!(place, "ONNX Runtime: {message}"),
    }
}

/// One loaded network, of one worker.
pub(super) struct Network {
    model: String,
    session: Session,
}

impl Network {
    /// Runs the network on a 1x3xHxW input and hands its output to `read`.
    ///
    /// # Errors
    /// [`DetectError::Run`].
    pub(super) fn run<T>(
        &mut self,
        input: FrameSize,
        tensor: &[f32],
        read: impl FnOnce(&[Tensor<'_>]) -> T,
    ) -> Result<T, DetectError> {
        let model = &self.model;
        let fault = |e: ort::Error| DetectError::Run { model: model.clone(), reason: e.to_string() };
        let shape = [1_i64, 3, i64::from(input.height), i64::from(input.width)];
        let view = TensorRef::from_array_view((shape, tensor)).map_err(fault)?;
        let outputs = self.session.run(ort::inputs![view]).map_err(fault)?;
        // Labels come as whole numbers; as class numbers they are exact in single precision too.
        let labels = (0..outputs.len()).map(|i| {
            let (shape, data) = outputs[i].try_extract_tensor::<i64>().ok()?;
            Some((shape.to_vec(), data.iter().map(|v| *v as f32).collect()))
        });
        let labels: Vec<Option<(Vec<i64>, Vec<f32>)>> = labels.collect();
        let tensors = labels.iter().enumerate().map(|(i, labels)| {
            let (shape, data) = match labels {
                Some((shape, data)) => (shape.as_slice(), data.as_slice()),
                None => {
                    let (shape, data) = outputs[i].try_extract_tensor::<f32>().map_err(fault)?;
                    (&**shape, data)
                }
            };
            Ok(Tensor { shape, data })
        });
        let tensors = tensors.collect::<Result<Vec<_>, DetectError>>()?;
        Ok(read(&tensors))
    }

    /// The size of picture that the graph takes: nothing where it leaves the choice.
    ///
    /// # Errors
    /// [`DetectError::Load`] where it takes no single picture of three planes.
    pub(super) fn input_size(&self) -> Result<Option<FrameSize>, DetectError> {
        let shape = self.session.inputs().first().and_then(|input| input.dtype().tensor_shape());
        let shape: &[i64] = shape.map_or(&[], |shape| shape);
        let fault = || DetectError::Load {
            model: self.model.clone(),
            reason: format!("it takes an input of {shape:?}, [1, 3, height, width] was due (-1: any)"),
        };
        match *shape {
            [-1 | 1, -1 | 3, -1, -1] => Ok(None),
            [-1 | 1, -1 | 3, height, width] => match (u32::try_from(width), u32::try_from(height)) {
                (Ok(width), Ok(height)) => Ok(Some(FrameSize { width, height })),
                _ => Err(fault()),
            },
            _ => Err(fault()),
        }
    }
}
